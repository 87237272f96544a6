// master/controllers/deployment/sizes.h — how many pods each ReplicaSet of a Deployment is to have.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gen/apps_v1.h"

namespace nodal::master::controllers::deployment {

using SetPtr = std::shared_ptr<const apps_v1::ReplicaSet>;

struct Scale {
  SetPtr set;
  std::int32_t replicas = 0;
  friend bool operator==(const Scale&, const Scale&) = default;
};

/// Pods above and below the wanted number that a rollout may use.
struct Limits {
  std::int32_t surge = 0, unavailable = 0;
};

/// Of a Deployment's strategy: percentages of its replicas, surge rounded up, unavailable down;
/// never both zero for a rolling update, which would stand still.
[[nodiscard]] Limits limits_of(const apps_v1::DeploymentSpec& spec);

/// spec.replicas with its default.
[[nodiscard]] std::int32_t replicas_of(const apps_v1::ReplicaSet& set);

/// What a ReplicaSet carries of its Deployment's size: deployment.kubernetes.io/desired-replicas
/// and max-replicas. By them a later plan knows that the Deployment has been scaled since.
[[nodiscard]] std::map<std::string, std::string> size_annotations(
    const apps_v1::Deployment& deployment);

/// The Deployment was scaled after these sets got their pods.
[[nodiscard]] bool was_scaled(const apps_v1::Deployment& deployment,
                              const std::vector<SetPtr>& sets);

/// The sets' sizes after the Deployment was scaled: the only set with pods follows it; in the
/// middle of a rollout each takes its share of the difference, so that neither template wins by
/// being scaled.
/// @param sets     oldest first
/// @param current  the set of the present template; null when there is none yet
/// @source kubernetes.io, Deployments, "Proportional scaling"
[[nodiscard]] std::vector<Scale> scaled(const apps_v1::Deployment& deployment,
                                        const std::vector<SetPtr>& sets, const SetPtr& current);

/// The next step of a rolling update: up within the surge, else down within what may be
/// unavailable, pods that do not serve first.
/// @param old  the other sets, oldest first
[[nodiscard]] std::vector<Scale> rolled(const apps_v1::Deployment& deployment,
                                        const SetPtr& current, const std::vector<SetPtr>& old);

}  // namespace nodal::master::controllers::deployment
