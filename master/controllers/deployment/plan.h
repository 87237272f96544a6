// master/controllers/deployment/plan.h — a Deployment and its ReplicaSets → which to create, scale,
// remove, and the status. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "gen/apps_v1.h"
#include "master/controllers/deployment/sizes.h"

namespace nodal::master::controllers::deployment {

/// What is done now; the next plan follows when its effect has been seen.
struct Plan {
  std::optional<apps_v1::ReplicaSet> create;  ///< the ReplicaSet of the present template
  std::vector<Scale> scale;                   ///< in this order, each with its size_annotations
  SetPtr settle;  ///< the present set, when it is to take over the Deployment's minReadySeconds
  std::vector<SetPtr> remove;  ///< old ones beyond the history limit
  /// Annotations to write: by ReplicaSet name, or "" for the Deployment itself.
  std::map<std::string, std::map<std::string, std::string>> annotate;
  std::optional<apps_v1::DeploymentStatus> status;  ///< when it differs from what is stored
  bool collision = false;  ///< the new set's name belongs to another template: count it and retry
  std::optional<TimePoint> look_again;  ///< when the progress deadline passes
};

/// The ending of a ReplicaSet's name: a hash of the template (and of the collision count), the same
/// for equal templates, in letters that spell no words.
[[nodiscard]] std::string template_hash(const core_v1::PodTemplateSpec& tmpl,
                                        std::int32_t collisions);

/// True when both describe the same pods: their pod-template-hash label aside.
[[nodiscard]] bool same_template(const core_v1::PodTemplateSpec& a,
                                 const core_v1::PodTemplateSpec& b);

/// @param sets  the ReplicaSets that this Deployment controls
/// @source apps/v1 Deployment; REQUIREMENTS of rollouts: names, annotations, conditions
[[nodiscard]] Plan plan(const apps_v1::Deployment& deployment, const std::vector<SetPtr>& sets,
                        TimePoint now);

}  // namespace nodal::master::controllers::deployment
