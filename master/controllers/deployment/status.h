// master/controllers/deployment/status.h — a Deployment's status from its ReplicaSets. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "gen/apps_v1.h"
#include "master/controllers/deployment/sizes.h"

namespace nodal::master::controllers::deployment {

struct Report {
  apps_v1::DeploymentStatus status;
  std::optional<TimePoint> look_again;  ///< when the progress deadline passes
};

/// Every wanted pod is of the present template and available, and no other is left.
[[nodiscard]] bool is_complete(const apps_v1::Deployment& deployment,
                               const apps_v1::DeploymentStatus& status);

/// Says in the condition Progressing that a ReplicaSet could not be made.
void tell_failed_creation(const apps_v1::Deployment& deployment, apps_v1::DeploymentStatus& status,
                          const std::string& message, TimePoint now);

/// @param current  the set of the present template; null when there is none yet
/// @param created  the name of the one that this plan creates, or ""
/// @source apps/v1 DeploymentStatus; conditions Available, Progressing, ReplicaFailure
[[nodiscard]] Report report(const apps_v1::Deployment& deployment, const SetPtr& current,
                            const std::vector<SetPtr>& sets, const std::string& created,
                            TimePoint now);

}  // namespace nodal::master::controllers::deployment
