// agent/pod/status_patch.h — a pod's status as it was and as it is → the patch that says so. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// A strategic merge patch with the conditions that changed and no others: what somebody else has
/// written meanwhile (a readiness gate) stays. "{}" when nothing changed.
Result<std::string> status_patch(const core_v1::Pod& before, const core_v1::Pod& after);

/// Whether all of what was told stands there: each condition, and everything else as it was.
[[nodiscard]] bool still_tells(const core_v1::PodStatus& now, const core_v1::PodStatus& told);

/// Whether the conditions that the pod's readiness gates name are the same in both.
[[nodiscard]] bool same_gates(const core_v1::Pod& before, const core_v1::Pod& after);

}  // namespace nodal::agent
