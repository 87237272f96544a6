// agent/probe/state.h — what a row of probe results means. Pure.
#pragma once

#include <algorithm>

#include "gen/core_v1.h"

namespace nodal::agent {

enum class ProbeKind { liveness, readiness, startup };

/// Successes and failures in a row against the thresholds.
/// @source Probe API reference: the defaults, and what each kind says before its first result
class ProbeState {
 public:
  /// @param initial  the result before thresholds are met: liveness true, readiness and startup
  /// false, or what was known before
  explicit ProbeState(bool initial) : good_(initial) {}

  /// Counts one result. True when the verdict changed.
  bool count(bool success, const core_v1::Probe& probe) {
    streak_ = success == last_ ? streak_ + 1 : 1;
    last_ = success;
    const int needed =
        success ? std::max(probe.success_threshold, 1) : std::max(probe.failure_threshold, 1);
    if (streak_ < needed || good_ == success) return false;
    good_ = success;
    return true;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] int failures_in_a_row() const { return last_ ? 0 : streak_; }

 private:
  bool good_;
  bool last_ = false;
  int streak_ = 0;
};

}  // namespace nodal::agent
