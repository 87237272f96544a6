// nodectl/drain_plan.cc — see drain_plan.h.
#include "nodectl/drain_plan.h"

#include <boost/json/object.hpp>
#include <map>

#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Verdict {
  bool leaves = true;
  std::string_view refusal{}, warning{};
};

std::string controller_of(const json::value& pod) {
  for (const auto& owner : list_at(pod, "metadata.ownerReferences"))
    if (bool_at(owner, "controller")) return text_at(owner, "kind");
  return "";
}

bool has_local_files(const json::value& pod) {
  for (const auto& volume : list_at(pod, "spec.volumes"))
    if (find(volume, "emptyDir") != nullptr) return true;
  return false;
}

// The last word that applies is the one that is told, as kubectl has it.
Verdict judge(const json::value& pod, const DrainRules& rules) {
  const auto phase = text_at(pod, "status.phase");
  const bool over = phase == "Succeeded" || phase == "Failed";
  const auto controller = controller_of(pod);
  if (controller == "DaemonSet" && !over) {
    // Its controller does not care that the node is closed, and would make it again.
    if (rules.ignore_daemon_sets) return {false, "", "ignoring DaemonSet-managed Pods"};
    return {false, "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"};
  }
  if (object_at(pod, "metadata.annotations").contains("kubernetes.io/config.mirror"))
    return {false};  // the API server is not who decides about it
  if (!over && has_local_files(pod) && !rules.delete_empty_dirs)
    return {false, "Pods with local storage (use --delete-emptydir-data to override)"};
  if (over || !controller.empty()) return {};
  if (rules.force) return {true, "", "deleting Pods that declare no controller"};
  return {false, "Pods that declare no controller (use --force to override)"};
}

// "WHAT: ns/a, ns/b" joined.
std::string told(const std::map<std::string_view, std::vector<std::string>>& by_reason,
                 std::string_view before, std::string_view between) {
  std::string out;
  for (const auto& [reason, pods] : by_reason)
    out += text::cat(out.empty() ? "" : between, before, reason, ": ", text::join(pods, ", "));
  return out;
}

}  // namespace

Result<DrainPlan> plan_drain(const json::array& pods, const DrainRules& rules) {
  DrainPlan out;
  std::map<std::string_view, std::vector<std::string>> refused, warned;
  for (const auto& pod : pods) {
    const auto verdict = judge(pod, rules);
    const auto name =
        text::cat(text_at(pod, "metadata.namespace"), "/", text_at(pod, "metadata.name"));
    if (!verdict.refusal.empty()) refused[verdict.refusal].push_back(name);
    if (!verdict.warning.empty()) warned[verdict.warning].push_back(name);
    if (verdict.leaves) out.pods.push_back(pod);
  }
  if (!refused.empty()) {
    auto message = told(refused, "cannot delete ", ", ");
    return fail(Errc::invalid, refused.size() == 1 ? message : text::cat("[", message, "]"));
  }
  out.warnings = told(warned, "", "; ");
  return out;
}

}  // namespace nodal::nodectl
