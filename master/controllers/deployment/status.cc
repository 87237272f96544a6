// master/controllers/deployment/status.cc — see status.h.
#include "master/controllers/deployment/status.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::master::controllers::deployment {
namespace {

std::int32_t sum(const std::vector<SetPtr>& sets, auto value) {
  std::int32_t total = 0;
  for (const auto& set : sets) total += value(*set);
  return total;
}

void set_condition(std::vector<apps_v1::DeploymentCondition>& conditions, std::string_view type,
                   std::string_view status, std::string_view reason, std::string message,
                   TimePoint now) {
  const auto it = std::ranges::find(conditions, type, &apps_v1::DeploymentCondition::type);
  apps_v1::DeploymentCondition next;
  if (it != conditions.end()) next = *it;
  if (next.status == status && next.reason == reason && next.message == message) return;
  if (next.status != status) next.last_transition_time = now;
  next.type = type;
  next.status = status;
  next.reason = reason;
  next.message = std::move(message);
  next.last_update_time = now;
  if (it == conditions.end()) {
    conditions.push_back(std::move(next));
  } else {
    *it = std::move(next);
  }
}

// The present set says what it could not do; without one the others do.
void tell_failure(apps_v1::DeploymentStatus& status, const SetPtr& current,
                  const std::vector<SetPtr>& sets, TimePoint now) {
  const apps_v1::ReplicaSetCondition* failure = nullptr;
  for (const auto& set : sets) {
    if (current && set != current) continue;
    const auto it = std::ranges::find(set->status.conditions, "ReplicaFailure",
                                      &apps_v1::ReplicaSetCondition::type);
    if (it != set->status.conditions.end() && it->status == "True") failure = &*it;
  }
  if (failure != nullptr) {
    set_condition(status.conditions, "ReplicaFailure", "True", failure->reason, failure->message,
                  now);
  } else {
    std::erase_if(status.conditions, [](const auto& c) { return c.type == "ReplicaFailure"; });
  }
}

}  // namespace

bool is_complete(const apps_v1::Deployment& deployment, const apps_v1::DeploymentStatus& status) {
  const auto wanted = deployment.spec.replicas.value_or(1);
  return status.updated_replicas == wanted && status.replicas == wanted &&
         status.available_replicas == wanted;
}

Report report(const apps_v1::Deployment& deployment, const SetPtr& current,
              const std::vector<SetPtr>& sets, const std::string& created, TimePoint now) {
  Report out;
  const auto& before = deployment.status;
  auto& status = out.status;
  status = before;
  status.observed_generation = deployment.metadata.generation;
  status.replicas = sum(sets, [](const auto& s) { return s.status.replicas; });
  status.updated_replicas = current ? current->status.replicas : 0;
  status.ready_replicas = sum(sets, [](const auto& s) { return s.status.ready_replicas; });
  status.available_replicas = sum(sets, [](const auto& s) { return s.status.available_replicas; });
  status.unavailable_replicas = std::max(sum(sets, replicas_of) - status.available_replicas, 0);

  const auto wanted = deployment.spec.replicas.value_or(1);
  if (status.available_replicas >= wanted - limits_of(deployment.spec).unavailable) {
    set_condition(status.conditions, "Available", "True", "MinimumReplicasAvailable",
                  "Deployment has minimum availability.", now);
  } else {
    set_condition(status.conditions, "Available", "False", "MinimumReplicasUnavailable",
                  "Deployment does not have minimum availability.", now);
  }

  tell_failure(status, current, sets, now);

  if (!deployment.spec.progress_deadline_seconds) return out;
  const std::string name = current ? current->metadata.name : created;
  const auto progressing =
      std::ranges::find(before.conditions, "Progressing", &apps_v1::DeploymentCondition::type);
  const bool known = progressing != before.conditions.end();
  if (deployment.spec.paused) {
    if (!known || progressing->reason != "DeploymentPaused")
      set_condition(status.conditions, "Progressing", "Unknown", "DeploymentPaused",
                    "Deployment is paused", now);
    return out;
  }
  if (known && progressing->reason == "DeploymentPaused")
    set_condition(status.conditions, "Progressing", "Unknown", "DeploymentResumed",
                  "Deployment is resumed", now);
  if (!created.empty()) {
    set_condition(status.conditions, "Progressing", "True", "NewReplicaSetCreated",
                  text::cat("Created new replica set \"", name, "\""), now);
  } else if (is_complete(deployment, status)) {
    set_condition(status.conditions, "Progressing", "True", "NewReplicaSetAvailable",
                  text::cat("ReplicaSet \"", name, "\" has successfully progressed."), now);
  } else if (known && progressing->reason == "NewReplicaSetAvailable" &&
             status.updated_replicas == before.updated_replicas &&
             before.observed_generation == deployment.metadata.generation) {
    // A finished rollout whose pods come and go: that is no rollout.
  } else {
    const bool moved =
        status.updated_replicas > before.updated_replicas ||
        status.ready_replicas > before.ready_replicas ||
        status.available_replicas > before.available_replicas ||
        (status.replicas - status.updated_replicas) < (before.replicas - before.updated_replicas);
    if (!known) {
      set_condition(status.conditions, "Progressing", "True", "FoundNewReplicaSet",
                    text::cat("Found new replica set \"", name, "\""), now);
    } else if (moved || progressing->reason == "NewReplicaSetAvailable") {
      const auto it =
          std::ranges::find(status.conditions, "Progressing", &apps_v1::DeploymentCondition::type);
      if (it != status.conditions.end()) it->last_update_time = now;
      set_condition(status.conditions, "Progressing", "True", "ReplicaSetUpdated",
                    text::cat("ReplicaSet \"", name, "\" is progressing."), now);
    } else if (progressing->reason != "ProgressDeadlineExceeded") {
      const auto deadline = progressing->last_update_time.value_or(now) +
                            std::chrono::seconds(*deployment.spec.progress_deadline_seconds);
      if (now >= deadline) {
        set_condition(status.conditions, "Progressing", "False", "ProgressDeadlineExceeded",
                      text::cat("ReplicaSet \"", name, "\" has timed out progressing."), now);
      } else {
        out.look_again = deadline;
      }
    }
  }
  return out;
}

}  // namespace nodal::master::controllers::deployment
