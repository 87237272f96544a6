// master/controllers/deployment/status.cc — see status.h.
#include "master/controllers/deployment/status.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace nodal::master::controllers::deployment {
namespace {

constexpr const char* kProgressing = "Progressing";
constexpr const char* kPaused = "DeploymentPaused";
constexpr const char* kFinished = "NewReplicaSetAvailable";
constexpr const char* kTimedOut = "ProgressDeadlineExceeded";

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

// The largest number stands for none.
std::optional<std::chrono::seconds> deadline_of(const apps_v1::Deployment& deployment) {
  const auto seconds = deployment.spec.progress_deadline_seconds;
  if (!seconds || *seconds == std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

bool has_moved(const apps_v1::DeploymentStatus& before, const apps_v1::DeploymentStatus& after) {
  return after.updated_replicas > before.updated_replicas ||
         after.ready_replicas > before.ready_replicas ||
         after.available_replicas > before.available_replicas ||
         after.replicas - after.updated_replicas < before.replicas - before.updated_replicas;
}

// The same reason, told anew: time counts from here.
void renew(std::vector<apps_v1::DeploymentCondition>& conditions, std::string_view reason,
           std::string message, TimePoint now) {
  set_condition(conditions, kProgressing, "True", reason, std::move(message), now);
  for (auto& condition : conditions)
    if (condition.type == kProgressing) condition.last_update_time = now;
}

// @source DeploymentCondition; a finished rollout stays finished while no pod of another template
// comes: being scaled or losing a pod is no rollout
std::optional<TimePoint> tell_progress(const apps_v1::Deployment& deployment,
                                       apps_v1::DeploymentStatus& status, const std::string& set,
                                       bool is_created, TimePoint now) {
  const auto deadline = deadline_of(deployment);
  auto& conditions = status.conditions;
  if (!deadline) {
    std::erase_if(conditions, [](const auto& c) { return c.type == kProgressing; });
    return std::nullopt;
  }
  const auto known =
      std::ranges::find(conditions, kProgressing, &apps_v1::DeploymentCondition::type);
  const auto is_known_as = [&](std::string_view reason) {
    return known != conditions.end() && known->reason == reason;
  };
  if (deployment.spec.paused) {
    if (!is_known_as(kTimedOut))
      set_condition(conditions, kProgressing, "Unknown", kPaused, "Deployment is paused", now);
    return std::nullopt;
  }
  if (is_known_as(kPaused))
    set_condition(conditions, kProgressing, "Unknown", "DeploymentResumed", "Deployment is resumed",
                  now);
  const auto subject = set.empty() ? text::cat("Deployment \"", deployment.metadata.name, "\"")
                                   : text::cat("ReplicaSet \"", set, "\"");
  if (is_created) {
    set_condition(conditions, kProgressing, "True", "NewReplicaSetCreated",
                  text::cat("Created new replica set \"", set, "\""), now);
    return std::nullopt;
  }
  if (is_complete(deployment, status)) {
    set_condition(conditions, kProgressing, "True", kFinished,
                  text::cat(subject, " has successfully progressed."), now);
    return std::nullopt;
  }
  if (is_known_as(kFinished) && status.replicas == status.updated_replicas) return std::nullopt;
  if (known == conditions.end()) {
    set_condition(conditions, kProgressing, "True", "FoundNewReplicaSet",
                  text::cat("Found new replica set \"", set, "\""), now);
    return std::nullopt;
  }
  if (has_moved(deployment.status, status) || is_known_as(kFinished)) {
    renew(conditions, "ReplicaSetUpdated", text::cat(subject, " is progressing."), now);
    return std::nullopt;
  }
  if (is_known_as(kTimedOut)) return std::nullopt;
  const TimePoint end = known->last_update_time.value_or(now) + *deadline;
  if (now < end) return end;
  set_condition(conditions, kProgressing, "False", kTimedOut,
                text::cat(subject, " has timed out progressing."), now);
  return std::nullopt;
}

}  // namespace

bool is_complete(const apps_v1::Deployment& deployment, const apps_v1::DeploymentStatus& status) {
  const auto wanted = deployment.spec.replicas.value_or(1);
  return status.updated_replicas == wanted && status.replicas == wanted &&
         status.available_replicas == wanted;
}

void tell_failed_creation(const apps_v1::Deployment& deployment, apps_v1::DeploymentStatus& status,
                          const std::string& message, TimePoint now) {
  if (deadline_of(deployment))
    set_condition(status.conditions, kProgressing, "False", "ReplicaSetCreateError", message, now);
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

  out.look_again = tell_progress(deployment, status, current ? current->metadata.name : created,
                                 !created.empty(), now);
  return out;
}

}  // namespace nodal::master::controllers::deployment
