// master/registry/strategy/pod_change.cc — what of a Pod may change once it exists.
#include <algorithm>

#include "master/registry/same.h"
#include "master/registry/strategy/difference.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";

std::size_t count_in(const json::object& object, std::string_view list) {
  const auto* items = list_in(object, list);
  return items ? items->size() : 0;
}

// It may be set and shortened.
void check_deadline(const json::object& now, const json::object& before, Report& report) {
  const auto wanted = int_in(now, "activeDeadlineSeconds");
  const auto was = int_in(before, "activeDeadlineSeconds");
  if (!was) return;
  if (!wanted)
    report.add("FieldValueInvalid", "spec.activeDeadlineSeconds",
               "Invalid value: null: must not update from a positive integer to nil value");
  else if (*wanted > *was)
    report.invalid("spec.activeDeadlineSeconds", *wanted,
                   "must be less than or equal to previous value");
}

// They may be added, and one may last longer or shorter.
void check_tolerations(const json::object& now, const json::object& before, Report& report) {
  const auto* kept = list_in(before, "tolerations");
  const auto* wanted = list_in(now, "tolerations");
  if (!kept) return;
  const auto is_kept = [&](const json::value& toleration) {
    if (!toleration.is_object()) return true;
    json::object was = toleration.get_object();
    was.erase("tolerationSeconds");
    return wanted && std::ranges::any_of(*wanted, [&](const json::value& other) {
             if (!other.is_object()) return false;
             json::object is = other.get_object();
             is.erase("tolerationSeconds");
             return is == was;
           });
  };
  if (!std::ranges::all_of(*kept, is_kept))
    report.forbidden("spec.tolerations",
                     "existing toleration can not be modified except its tolerationSeconds");
}

// They may be taken away.
void check_gates(const json::object& now, const json::object& before, Report& report) {
  const auto* old = list_in(before, "schedulingGates");
  each(now, "schedulingGates", "spec", [&](const json::object& gate, const std::string& at) {
    const auto name = string_in(gate, "name");
    const bool known = old && std::ranges::any_of(*old, [&](const json::value& other) {
                         return other.is_object() && string_in(other.get_object(), "name") == name;
                       });
    if (!known)
      report.forbidden(
          at + ".name",
          text::cat("only deletion is allowed, but found new scheduling gate '", name, "'"));
  });
}

// While nobody has looked for a node, the choice may be narrowed.
void check_node_selector(const json::object& now, const json::object& before, Report& report) {
  const auto* was = object_in(before, "nodeSelector");
  const auto* is = object_in(now, "nodeSelector");
  if (!was) return;
  for (const auto& [key, value] : *was)
    if (const auto* kept = is ? is->if_contains(key) : nullptr; !kept || *kept != value)
      return report.add(
          "FieldValueInvalid", "spec.nodeSelector",
          text::cat("Invalid value: ", is ? json::serialize(*is) : std::string("null"),
                    ": only additions to spec.nodeSelector are allowed (no mutations or "
                    "deletions)"));
}

// Each term may get further requirements behind those it has.
bool has_only_additions(const json::object& now, const json::object& before) {
  return std::ranges::all_of(
      std::initializer_list<std::string_view>{"matchExpressions", "matchFields"},
      [&](std::string_view list) {
        const std::size_t had = count_in(before, list);
        // A term without any matches nothing; more requirements would not narrow it.
        if (had == 0 && count_in(before, "matchExpressions") + count_in(before, "matchFields") == 0)
          return count_in(now, list) == 0;
        if (count_in(now, list) < had) return false;
        for (std::size_t i = 0; i < had; ++i)
          if (!same((*list_in(now, list))[i], (*list_in(before, list))[i])) return false;
        return true;
      });
}

void check_node_affinity(const json::object& now, const json::object& before, Report& report) {
  const auto required = [](const json::object& spec) -> const json::object* {
    const auto* affinity = object_in(spec, "affinity");
    const auto* nodes = affinity ? object_in(*affinity, "nodeAffinity") : nullptr;
    return nodes ? object_in(*nodes, kRequired) : nullptr;
  };
  const auto* was = required(before);
  if (!was) return;
  const auto at = text::cat("spec.affinity.nodeAffinity.", kRequired, ".nodeSelectorTerms");
  const auto* is = required(now);
  const std::size_t terms = count_in(*was, "nodeSelectorTerms");
  if (!is || count_in(*is, "nodeSelectorTerms") != terms)
    return report.add(
        "FieldValueInvalid", at,
        text::cat("Invalid value: ",
                  is && is->contains("nodeSelectorTerms")
                      ? json::serialize(is->at("nodeSelectorTerms"))
                      : std::string("null"),
                  ": no additions/deletions to non-empty NodeSelectorTerms list are allowed"));
  for (std::size_t i = 0; i < terms; ++i) {
    const auto& one = (*list_in(*is, "nodeSelectorTerms"))[i];
    const auto& old = (*list_in(*was, "nodeSelectorTerms"))[i];
    if (one.is_object() && old.is_object() &&
        has_only_additions(one.get_object(), old.get_object()))
      continue;
    report.add("FieldValueInvalid", text::cat(at, "[", i, "]"),
               text::cat("Invalid value: ", json::serialize(one),
                         ": only additions are allowed (no mutations or deletions)"));
  }
}

// Makes the node affinity of `to` that of `from`.
void carry_node_affinity(json::object& to, const json::object& from) {
  const auto* source = object_in(from, "affinity");
  const auto* wanted = source ? source->if_contains("nodeAffinity") : nullptr;
  if (wanted) {
    object_of(to, "affinity")["nodeAffinity"] = *wanted;
  } else if (auto* affinity = object_in(to, "affinity")) {
    affinity->erase("nodeAffinity");
    if (affinity->empty() && !source) to.erase("affinity");
  }
}

}  // namespace

void validate_pod_change(const json::object& pod, const json::object& old, FieldErrors& errors) {
  const auto* now = object_in(pod, "spec");
  const auto* before = object_in(old, "spec");
  if (!now || !before) return;
  Report report(errors);
  for (const std::string_view list : {"containers", "initContainers"})
    if (count_in(*now, list) != count_in(*before, list))
      return report.forbidden(text::cat("spec.", list),
                              "pod updates may not add or remove containers");
  check_deadline(*now, *before, report);
  check_tolerations(*now, *before, report);
  check_gates(*now, *before, report);
  // All that may change is made equal; the rest must then be equal.
  json::object a = *now;
  const json::object& b = *before;
  for (const std::string_view key : {"activeDeadlineSeconds", "tolerations", "schedulingGates"})
    carry(a, b, key);
  if (count_in(b, "schedulingGates") > 0) {
    check_node_selector(*now, b, report);
    check_node_affinity(*now, b, report);
    carry(a, b, "nodeSelector");
    carry_node_affinity(a, b);
  }
  if (int_in(b, "terminationGracePeriodSeconds").value_or(0) < 0 &&
      int_in(a, "terminationGracePeriodSeconds") == 1)
    carry(a, b, "terminationGracePeriodSeconds");
  for (const std::string_view list : {"initContainers", "containers"}) {
    auto* containers = list_in(a, list);
    const auto* others = list_in(b, list);
    if (!containers || !others || containers->size() != others->size()) continue;
    for (std::size_t i = 0; i < containers->size(); ++i)
      if (auto* container = (*containers)[i].if_object(); container && (*others)[i].is_object())
        carry(*container, (*others)[i].get_object(), "image");
  }
  if (a == b) return;
  report.forbidden("spec",
                   text::cat("pod updates may not change fields other than "
                             "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec."
                             "activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                             "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it "
                             "to be set to 1 if it was previously negative)\n",
                             difference("core.PodSpec", b, a)));
}

}  // namespace nodal::master
