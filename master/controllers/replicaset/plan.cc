// master/controllers/replicaset/plan.cc — see plan.h.
#include "master/controllers/replicaset/plan.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "api-client/client/selects.h"
#include "base/text.h"
#include "master/controllers/controller.h"

namespace nodal::master::controllers::replicaset {
namespace {

int phase_rank(const core_v1::Pod& pod) {
  if (pod.status.phase == "Running") return 2;
  return pod.status.phase == "Unknown" ? 1 : 0;
}

std::int64_t deletion_cost(const core_v1::Pod& pod) {
  const auto it = pod.metadata.annotations.find("controller.kubernetes.io/pod-deletion-cost");
  return it == pod.metadata.annotations.end() ? 0
                                              : text::number<std::int32_t>(it->second).value_or(0);
}

int restarts(const core_v1::Pod& pod) {
  int most = 0;
  for (const auto& container : pod.status.container_statuses)
    most = std::max(most, container.restart_count);
  return most;
}

void sort_for_deletion(std::vector<PodPtr>& pods) {
  std::map<std::string, int> crowd;
  for (const auto& pod : pods) ++crowd[pod->spec.node_name];
  const auto rank = [&](const PodPtr& pod) {
    const auto created = pod->metadata.creation_timestamp.value_or(TimePoint{});
    const auto ready = ready_since(*pod).value_or(TimePoint{});
    return std::tuple(!pod->spec.node_name.empty(), phase_rank(*pod), is_ready(*pod),
                      deletion_cost(*pod), -crowd.at(pod->spec.node_name),
                      -ready.time_since_epoch().count(), -restarts(*pod),
                      -created.time_since_epoch().count(), pod->metadata.name);
  };
  std::ranges::sort(pods, [&](const PodPtr& a, const PodPtr& b) { return rank(a) < rank(b); });
}

apps_v1::ReplicaSetStatus count(const apps_v1::ReplicaSet& set, const std::vector<PodPtr>& active,
                                int terminating, TimePoint now,
                                std::optional<TimePoint>& look_again) {
  auto status = set.status;
  status.replicas = static_cast<std::int32_t>(active.size());
  status.fully_labeled_replicas = status.ready_replicas = status.available_replicas = 0;
  status.observed_generation = set.metadata.generation;
  if (status.terminating_replicas || terminating > 0) status.terminating_replicas = terminating;
  const auto& wanted_labels = set.spec.template_.metadata.labels;
  const std::chrono::seconds settle(set.spec.min_ready_seconds);
  for (const auto& pod : active) {
    const auto& labels = pod->metadata.labels;
    status.fully_labeled_replicas += std::ranges::all_of(wanted_labels, [&](const auto& label) {
      const auto it = labels.find(label.first);
      return it != labels.end() && it->second == label.second;
    });
    const auto since = ready_since(*pod);
    if (!since) continue;
    ++status.ready_replicas;
    if (settle.count() == 0 || *since + settle <= now) {
      ++status.available_replicas;
    } else {
      look_again = std::min(look_again.value_or(*since + settle), *since + settle);
    }
  }
  return status;
}

}  // namespace

Plan plan(const apps_v1::ReplicaSet& set, const std::vector<PodPtr>& pods, TimePoint now) {
  Plan out;
  if (!set.spec.selector) return out;
  const bool going = set.metadata.deletion_timestamp.has_value();
  std::vector<PodPtr> active;
  int terminating = 0;
  for (const auto& pod : pods) {
    const bool chosen = client::selects(*set.spec.selector, pod->metadata.labels);
    const auto owner = controller_uid(pod->metadata);
    if (owner == set.metadata.uid) {
      if (!chosen && !going) {
        out.release.push_back(pod);
        continue;
      }
    } else if (!owner.empty() || !chosen || going || pod->metadata.deletion_timestamp ||
               is_finished(*pod)) {
      continue;
    } else {
      out.adopt.push_back(pod);
    }
    if (pod->metadata.deletion_timestamp) {
      ++terminating;
    } else if (!is_finished(*pod)) {
      active.push_back(pod);
    }
  }
  const int wanted = set.spec.replicas.value_or(1);
  const int missing = wanted - static_cast<int>(active.size());
  if (!going) {
    if (missing > 0) out.create = std::min(missing, kMostAtOnce);
    if (missing < 0) {
      auto candidates = active;
      sort_for_deletion(candidates);
      candidates.resize(static_cast<std::size_t>(std::min(-missing, kMostAtOnce)));
      out.remove = std::move(candidates);
    }
  }
  auto status = count(set, active, terminating, now, out.look_again);
  if (status != set.status) out.status = std::move(status);
  return out;
}

void tell_failure(apps_v1::ReplicaSetStatus& status, std::string_view reason,
                  const std::string& message, TimePoint now) {
  const auto it =
      std::ranges::find(status.conditions, "ReplicaFailure", &apps_v1::ReplicaSetCondition::type);
  if (reason.empty()) {
    if (it != status.conditions.end()) status.conditions.erase(it);
    return;
  }
  // While it lasts the condition stays as it was told first: every attempt would be a write.
  if (it != status.conditions.end() && it->reason == reason) return;
  apps_v1::ReplicaSetCondition condition;
  condition.type = "ReplicaFailure";
  condition.status = "True";
  condition.reason = reason;
  condition.message = message;
  condition.last_transition_time = now;
  if (it != status.conditions.end()) {
    *it = std::move(condition);
  } else {
    status.conditions.push_back(std::move(condition));
  }
}

core_v1::Pod make_pod(const apps_v1::ReplicaSet& set) {
  core_v1::Pod pod;
  const auto& from = set.spec.template_;
  pod.metadata.namespace_ = set.metadata.namespace_;
  pod.metadata.generate_name = text::cat(set.metadata.name, "-");
  pod.metadata.labels = from.metadata.labels;
  pod.metadata.annotations = from.metadata.annotations;
  pod.metadata.finalizers = from.metadata.finalizers;
  pod.metadata.owner_references.push_back(
      controller_reference(apps_v1::ReplicaSet::kResource, set.metadata));
  pod.spec = from.spec;
  return pod;
}

}  // namespace nodal::master::controllers::replicaset
