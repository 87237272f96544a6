// master/scheduler/schedule.h — the choice of a node for a pod. Pure.
#pragma once

#include <string>

#include "master/scheduler/snapshot.h"

namespace nodal::master::scheduler {

struct Decision {
  std::string node;  ///< "" when none fits
  /// Then: why, as Kubernetes says it: "0/3 nodes are available: 3 …. preemption: 0/3 nodes …."
  std::string message;
};

/// The best of the nodes that can take the pod: room left, evenness of CPU and memory, preferred
/// affinities, few pods of the same controller or of ScheduleAnyway constraints, tolerated soft
/// taints, images present. Of equal nodes the one longest not chosen.
/// @source kube-scheduler's default profile: plugins and their weights
[[nodiscard]] Decision schedule(const PodFacts& pod, const ClusterSnapshot& cluster);

}  // namespace nodal::master::scheduler
