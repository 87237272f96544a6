// master/api/pod_classes.cc — the classes that a new Pod names: its priority, its runtime.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {
namespace {

namespace json = boost::json;

// PriorityClasses are not served; these two are in every cluster.
// @source Kubernetes, "Guaranteed Scheduling For Critical Add-On Pods"
std::optional<std::int64_t> priority_of(std::string_view name) {
  if (name.empty()) return 0;
  if (name == "system-cluster-critical") return 2'000'000'000;
  if (name == "system-node-critical") return 2'000'001'000;
  return std::nullopt;
}

}  // namespace

Answer<> admit_classes(const Call& call, json::object& pod) {
  const auto name = string_at(pod, "metadata", "name");
  const auto runtime = string_at(pod, "spec", "runtimeClassName");
  if (!runtime.empty())
    return errors::forbidden(
        *call.resource, name,
        text::cat("pod rejected: RuntimeClass ", quoted(runtime), " not found"));
  const auto class_name = string_at(pod, "spec", "priorityClassName");
  const auto priority = priority_of(class_name);
  if (!priority)
    return errors::forbidden(*call.resource, name,
                             text::cat("no PriorityClass with name ", class_name, " was found"));
  auto& spec = pod["spec"].get_object();
  if (const auto* given = spec.if_contains("priority");
      given && given->is_int64() && given->get_int64() != *priority)
    return errors::forbidden(
        *call.resource, name,
        text::cat("the integer value of priority (", given->get_int64(),
                  ") must not be provided in pod spec; priority admission controller computed ",
                  *priority, " from the given PriorityClass name"));
  spec["priority"] = *priority;
  if (!spec.contains("preemptionPolicy")) spec["preemptionPolicy"] = "PreemptLowerPriority";
  return {};
}

}  // namespace nodal::master::handlers
