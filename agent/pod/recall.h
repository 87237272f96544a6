// agent/pod/recall.h — containers that the runtime has lost, as the pod's status tells of them.
// Pure.
#pragma once

#include "agent/runtime/types.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// What was seen, with those containers added that have run and of which nothing is left (somebody
/// swept them away): as ended, under their last number. One that was running then has ended nobody
/// knows how: ContainerStatusUnknown, 137.
/// @source ContainerStatus API reference: restartCount, state and lastState outlive the container
[[nodiscard]] SeenPod recalled(const core_v1::Pod& pod, SeenPod seen);

}  // namespace nodal::agent
