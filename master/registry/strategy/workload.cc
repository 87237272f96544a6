// master/registry/strategy/workload.cc — Deployment and ReplicaSet: their template, selector and
// rollout.
#include "api-client/codec/names.h"
#include "master/registry/strategy/labels.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

json::object* template_spec(json::object& object) {
  auto* spec = object_in(object, "spec");
  auto* pod = spec ? object_in(*spec, "template") : nullptr;
  return pod ? object_in(*pod, "spec") : nullptr;
}

void default_workload(json::object& object) {
  if (auto* spec = template_spec(object)) default_pod_spec(*spec);
}

void default_deployment(json::object& object) {
  default_workload(object);
  auto* spec = object_in(object, "spec");
  auto* strategy = spec ? object_in(*spec, "strategy") : nullptr;
  if (!strategy || string_in(*strategy, "type") != "RollingUpdate") return;
  auto& rolling = object_of(*strategy, "rollingUpdate");
  default_to(rolling, "maxUnavailable", "25%");
  default_to(rolling, "maxSurge", "25%");
}

// Whether a LabelSelector fits the labels.
bool fits(const json::object& selector, const json::object* labels) {
  const auto value_of = [&](std::string_view key) -> std::optional<std::string_view> {
    const auto* value = labels ? labels->if_contains(key) : nullptr;
    if (!value || !value->is_string()) return std::nullopt;
    return view(value->get_string());
  };
  if (const auto* wanted = object_in(selector, "matchLabels"))
    for (const auto& [key, value] : *wanted)
      if (!value.is_string() || value_of(view(key)) != view(value.get_string())) return false;
  if (const auto* expressions = list_in(selector, "matchExpressions"))
    for (const auto& item : *expressions) {
      const auto* expression = item.if_object();
      if (!expression) continue;
      const auto have = value_of(string_in(*expression, "key"));
      const auto op = string_in(*expression, "operator");
      bool listed = false;
      if (const auto* values = list_in(*expression, "values"))
        for (const auto& value : *values)
          listed = listed || (have && value.is_string() && view(value.get_string()) == *have);
      if ((op == "In" && !listed) || (op == "NotIn" && listed) || (op == "Exists" && !have) ||
          (op == "DoesNotExist" && have))
        return false;
    }
  return true;
}

// As Go prints a map of labels.
std::string go_map(const json::object* labels) {
  std::string out = "map[string]string{";
  bool first = true;
  if (labels)
    for (const auto& [key, value] : *labels) {
      out += text::cat(first ? "" : ", ", quoted(view(key)), ":",
                       value.is_string() ? quoted(view(value.get_string())) : "");
      first = false;
    }
  else
    return "map[string]string(nil)";
  return out + "}";
}

void validate_workload(const json::object& object, FieldErrors& errors) {
  const auto* spec = object_in(object, "spec");
  if (!spec) return;
  const auto* pod = object_in(*spec, "template");
  const auto* metadata = pod ? object_in(*pod, "metadata") : nullptr;
  const auto* labels = metadata ? object_in(*metadata, "labels") : nullptr;
  if (const auto* selector = object_in(*spec, "selector")) {
    validate_label_selector(*selector, "spec.selector", errors);
    const auto* match = object_in(*selector, "matchLabels");
    const auto* expressions = list_in(*selector, "matchExpressions");
    if ((!match || match->empty()) && (!expressions || expressions->empty()))
      errors.push_back(
          {"FieldValueInvalid", "spec.selector",
           text::cat("Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), "
                     "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is "
                     "invalid for ",
                     text::lower(string_in(object, "kind")))});
    else if (!fits(*selector, labels))
      errors.push_back({"FieldValueInvalid", "spec.template.metadata.labels",
                        text::cat("Invalid value: ", go_map(labels),
                                  ": `selector` does not match template `labels`")});
  }
  // The API names these without "metadata", unlike the one above.
  if (labels) validate_labels(*labels, "spec.template.labels", errors);
  if (const auto* annotations = metadata ? object_in(*metadata, "annotations") : nullptr)
    validate_annotations(*annotations, "spec.template.annotations", errors);
  const auto* pod_spec = pod ? object_in(*pod, "spec") : nullptr;
  if (!pod_spec) return;
  validate_pod_spec(*pod_spec, "spec.template.spec", errors);
  if (const auto* list = list_in(*pod_spec, "ephemeralContainers"); list && !list->empty())
    errors.push_back({"FieldValueForbidden", "spec.template.spec.ephemeralContainers",
                      "Forbidden: ephemeral containers not allowed in pod template"});
  const auto restart = string_in(*pod_spec, "restartPolicy");
  if (!restart.empty() && restart != "Always")
    errors.push_back(
        {"FieldValueNotSupported", "spec.template.spec.restartPolicy",
         text::cat("Unsupported value: ", quoted(restart), R"(: supported values: "Always")")});
  if (pod_spec->contains("activeDeadlineSeconds"))
    errors.push_back({"FieldValueForbidden", "spec.template.spec.activeDeadlineSeconds",
                      "Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"});
}

// A share of the pods, as a count or a percentage.
struct Share {
  std::int64_t value = 0;
  bool percent = false;
};
std::optional<Share> share_in(const json::object& rolling, std::string_view key, Report& report) {
  if (!rolling.contains(key)) return std::nullopt;
  const auto field = text::cat("spec.strategy.rollingUpdate.", key);
  if (const auto count = int_in(rolling, key)) {
    if (*count >= 0) return Share{*count, false};
    report.invalid(field, *count, "must be greater than or equal to 0");
    return std::nullopt;
  }
  const auto given = string_in(rolling, key);
  if (const auto why = names::percent(given); !why.empty()) {
    report.invalid(field, given, why);
    return std::nullopt;
  }
  constexpr std::int64_t kHuge = 1'000'000;  // for more digits than a number has
  const auto number = text::number<std::int64_t>(given.substr(0, given.size() - 1));
  return Share{number.value_or(kHuge), true};
}

void validate_deployment(const json::object& object, FieldErrors& errors) {
  validate_workload(object, errors);
  const auto* spec = object_in(object, "spec");
  const auto* strategy = spec ? object_in(*spec, "strategy") : nullptr;
  if (!strategy) return;
  const auto* rolling = object_in(*strategy, "rollingUpdate");
  if (string_in(*strategy, "type") == "Recreate" && rolling)
    errors.push_back({"FieldValueForbidden", "spec.strategy.rollingUpdate",
                      "Forbidden: may not be specified when strategy `type` is 'Recreate'"});
  Report report(errors);
  if (rolling) {
    const auto unavailable = share_in(*rolling, "maxUnavailable", report);
    const auto surge = share_in(*rolling, "maxSurge", report);
    const auto refuse = [&](std::string_view why) {
      report.add(
          "FieldValueInvalid", "spec.strategy.rollingUpdate.maxUnavailable",
          text::cat("Invalid value: ", json::serialize(rolling->at("maxUnavailable")), ": ", why));
    };
    if (unavailable && surge && unavailable->value == 0 && surge->value == 0)
      refuse("may not be 0 when `maxSurge` is 0");
    if (unavailable && unavailable->percent && unavailable->value > 100)
      refuse("must not be greater than 100%");
  }
  if (const auto deadline = int_in(*spec, "progressDeadlineSeconds");
      deadline && *deadline <= int_in(*spec, "minReadySeconds").value_or(0))
    report.invalid("spec.progressDeadlineSeconds", *deadline,
                   "must be greater than minReadySeconds");
}

}  // namespace

const Strategy kWorkloadStrategy{default_workload,  nullptr, nullptr,
                                 validate_workload, nullptr, nullptr};
const Strategy kDeploymentStrategy{.default_fields = default_deployment,
                                   .validate = validate_deployment,
                                   .status_keeps_labels = true};

}  // namespace nodal::master
