// master/registry/strategy/placement.cc — what a pod says of the nodes it may run on.
#include "api-client/codec/names.h"
#include "master/registry/strategy/labels.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

void check_weight(const json::object& wish, const std::string& at, Report& report) {
  const auto weight = int_in(wish, "weight").value_or(0);
  if (weight < 1 || weight > 100)
    report.invalid(at + ".weight", weight, "must be in the range 1-100");
}

void check_node_term(const json::object& term, const std::string& at, Report& report) {
  each(term, "matchExpressions", at, [&](const json::object& expression, const std::string& field) {
    const auto op = string_in(expression, "operator");
    const auto* values = list_in(expression, "values");
    const std::size_t count = values ? values->size() : 0;
    if ((op == "In" || op == "NotIn") && count == 0)
      report.required(field + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
    if ((op == "Exists" || op == "DoesNotExist") && count > 0)
      report.forbidden(field + ".values",
                       "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    if ((op == "Gt" || op == "Lt") && count != 1)
      report.required(field + ".values",
                      "must be specified single value when `operator` is 'Lt' or 'Gt'");
    if (const auto key = string_in(expression, "key"); !key.empty())
      validate_label_key(key, field + ".key", report.errors());
  });
}

void check_node_affinity(const json::object& affinity, const std::string& at, Report& report) {
  if (const auto* selector = object_in(affinity, kRequired)) {
    const auto field = text::cat(at, ".", kRequired);
    const auto* terms = list_in(*selector, "nodeSelectorTerms");
    if (!terms || terms->empty())
      report.required(field + ".nodeSelectorTerms", "must have at least one node selector term");
    each(*selector, "nodeSelectorTerms", field,
         [&](const json::object& term, const std::string& one) {
           check_node_term(term, one, report);
         });
  }
  each(affinity, kPreferred, at, [&](const json::object& wish, const std::string& field) {
    check_weight(wish, field, report);
    if (const auto* term = object_in(wish, "preference"))
      check_node_term(*term, field + ".preference", report);
  });
}

void check_pod_term(const json::object& term, const std::string& at, Report& report) {
  for (const std::string_view selector : {"labelSelector", "namespaceSelector"})
    if (const auto* one = object_in(term, selector))
      validate_label_selector(*one, text::cat(at, ".", selector), report.errors());
  const auto key = string_in(term, "topologyKey");
  if (key.empty())
    report.required(at + ".topologyKey", "can not be empty");
  else
    validate_label_key(key, at + ".topologyKey", report.errors());
}

void check_pod_affinity(const json::object& affinity, const std::string& at, Report& report) {
  each(affinity, kRequired, at, [&](const json::object& term, const std::string& field) {
    check_pod_term(term, field, report);
  });
  each(affinity, kPreferred, at, [&](const json::object& wish, const std::string& field) {
    check_weight(wish, field, report);
    if (const auto* term = object_in(wish, "podAffinityTerm"))
      check_pod_term(*term, field + ".podAffinityTerm", report);
  });
}

void check_toleration(const json::object& toleration, const std::string& at, Report& report) {
  const auto key = string_in(toleration, "key");
  const auto op = string_in(toleration, "operator");
  const auto value = string_in(toleration, "value");
  if (!key.empty()) validate_label_key(key, at + ".key", report.errors());
  if (key.empty() && op != "Exists")
    report.invalid(at + ".operator", op,
                   "operator must be Exists when `key` is empty, which means \"match all values "
                   "and all keys\"");
  if (int_in(toleration, "tolerationSeconds") && string_in(toleration, "effect") != "NoExecute")
    report.invalid(at + ".effect", string_in(toleration, "effect"),
                   "effect must be 'NoExecute' when `tolerationSeconds` is set");
  if (op == "Exists" && !value.empty())
    report.invalid(at + ".operator", value, "value must be empty when `operator` is 'Exists'");
  if (op.empty() || op == "Equal")
    if (const auto why = names::label_value(value); !why.empty())
      report.invalid(at + ".operator", value, why);
}

}  // namespace

void validate_placement(const json::object& spec, const std::string& path, FieldErrors& errors) {
  Report report(errors);
  if (const auto* selector = object_in(spec, "nodeSelector"))
    validate_labels(*selector, path + ".nodeSelector", errors);
  if (const auto* affinity = object_in(spec, "affinity")) {
    if (const auto* nodes = object_in(*affinity, "nodeAffinity"))
      check_node_affinity(*nodes, path + ".affinity.nodeAffinity", report);
    for (const std::string_view kind : {"podAffinity", "podAntiAffinity"})
      if (const auto* pods = object_in(*affinity, kind))
        check_pod_affinity(*pods, text::cat(path, ".affinity.", kind), report);
  }
  each(spec, "tolerations", path, [&](const json::object& toleration, const std::string& at) {
    check_toleration(toleration, at, report);
  });
  Names spread, gates;
  each(spec, "topologySpreadConstraints", path,
       [&](const json::object& constraint, const std::string& at) {
         const auto pair = text::cat("{", string_in(constraint, "topologyKey"), ", ",
                                     string_in(constraint, "whenUnsatisfiable"), "}");
         if (!spread.insert(pair).second)
           report.duplicate(at + ".{topologyKey, whenUnsatisfiable}", pair);
         if (const auto* selector = object_in(constraint, "labelSelector"))
           validate_label_selector(*selector, at + ".labelSelector", errors);
       });
  each(spec, "schedulingGates", path, [&](const json::object& gate, const std::string& at) {
    const auto name = string_in(gate, "name");
    if (const auto why = names::qualified_name(name); !name.empty() && !why.empty())
      report.invalid(at, name, why);
    if (!gates.emplace(name).second) report.duplicate(at, name);
  });
}

}  // namespace nodal::master
