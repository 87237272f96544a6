// master/controllers/namespace/remaining.cc — see remaining.h.
#include "master/controllers/namespace/remaining.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace nodal::master::controllers {
namespace {

// "pods. has 2 resource instances, services. has 1 resource instances"
std::string list(const std::map<std::string, std::size_t>& counts, std::string_view verb) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts)
    parts.push_back(text::cat(name, " ", verb, " ", count, " resource instances"));
  return text::join(parts, ", ");
}

core_v1::NamespaceCondition condition(std::string_view type, bool holds, std::string_view reason,
                                      std::string message) {
  core_v1::NamespaceCondition out;
  out.type = type;
  out.status = holds ? "True" : "False";
  out.reason = reason;
  out.message = std::move(message);
  return out;
}

}  // namespace

std::vector<core_v1::NamespaceCondition> conditions_of(
    const Remaining& remaining, const std::vector<core_v1::NamespaceCondition>& before,
    TimePoint now) {
  const bool left = !remaining.objects.empty();
  const bool held = !remaining.finalizers.empty();
  std::vector<core_v1::NamespaceCondition> out{
      condition("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                "All resources successfully discovered"),
      condition("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                "All legacy kube types successfully parsed"),
      condition("NamespaceDeletionContentFailure", false, "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization"),
      condition("NamespaceContentRemaining", left, left ? "SomeResourcesRemain" : "ContentRemoved",
                left ? text::cat("Some resources are remaining: ", list(remaining.objects, "has"))
                     : std::string("All content successfully removed")),
      condition("NamespaceFinalizersRemaining", held,
                held ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
                held ? text::cat("Some content in the namespace has finalizers remaining: ",
                                 list(remaining.finalizers, "in"))
                     : std::string("All content-preserving finalizers finished")),
  };
  for (auto& next : out) {
    const auto old = std::ranges::find(before, next.type, &core_v1::NamespaceCondition::type);
    const bool same = old != before.end() && old->status == next.status;
    next.last_transition_time = same ? old->last_transition_time : now;
  }
  return out;
}

}  // namespace nodal::master::controllers
