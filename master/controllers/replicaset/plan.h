// master/controllers/replicaset/plan.h — a ReplicaSet and the pods around it → what to create,
// delete, adopt, report. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "gen/apps_v1.h"
#include "gen/core_v1.h"

namespace nodal::master::controllers::replicaset {

using PodPtr = std::shared_ptr<const core_v1::Pod>;

struct Plan {
  int create = 0;
  std::vector<PodPtr> remove;                       ///< in the order to delete them
  std::vector<PodPtr> adopt;                        ///< orphans that the selector chooses
  std::vector<PodPtr> release;                      ///< ours that it no longer chooses
  std::optional<apps_v1::ReplicaSetStatus> status;  ///< when it differs from what is stored
  std::optional<TimePoint> look_again;  ///< when a ready pod becomes available (minReadySeconds)
};

/// The most pods that one plan creates or deletes: a burst is spread over several.
inline constexpr int kMostAtOnce = 500;

/// @param pods  all pods of the namespace that the set controls or its selector chooses
/// @source apps/v1 ReplicaSet; the order of deletion: unassigned, then pending, unready, on crowded
/// nodes, younger readiness,
///         more restarts, younger pods first (kubernetes.io, ReplicaSet, "Scaling a ReplicaSet")
[[nodiscard]] Plan plan(const apps_v1::ReplicaSet& set, const std::vector<PodPtr>& pods,
                        TimePoint now);

/// Sets or takes away the condition ReplicaFailure.
/// @param reason  FailedCreate, FailedDelete, or "" when all went well
void tell_failure(apps_v1::ReplicaSetStatus& status, std::string_view reason,
                  const std::string& message, TimePoint now);

/// The pod to create, without a name: generateName and owner reference are set.
[[nodiscard]] core_v1::Pod make_pod(const apps_v1::ReplicaSet& set);

}  // namespace nodal::master::controllers::replicaset
