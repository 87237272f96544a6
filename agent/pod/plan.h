// agent/pod/plan.h — a pod as wanted and as seen → what can be done now. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "agent/runtime/types.h"
#include "base/clock.h"
#include "gen/core_v1.h"

namespace nodal::agent {

struct CreateSandbox {
  std::uint32_t attempt = 0;
  bool operator==(const CreateSandbox&) const = default;
};
struct RemoveSandbox {
  std::string id;
  bool operator==(const RemoveSandbox&) const = default;
};
struct StartContainer {
  std::string name;
  std::uint32_t attempt = 0;
  int crash_level = 0;
  bool init = false;
  bool operator==(const StartContainer&) const = default;
};
struct KillContainer {
  std::string id, name;
  std::chrono::seconds grace{};
  std::string why;  ///< for the Killing event
  bool operator==(const KillContainer&) const = default;
};
struct RemoveContainer {
  std::string id;
  bool operator==(const RemoveContainer&) const = default;
};
using Action =
    std::variant<CreateSandbox, RemoveSandbox, StartContainer, KillContainer, RemoveContainer>;

struct PodPlan {
  std::vector<Action> actions;
  std::optional<TimePoint> wake_at;  ///< when there will be something to do that no event tells
  bool ended = false;  ///< nothing of it runs or will run again: what is left may be taken away
  std::vector<std::string> backing_off;  ///< containers that wait out a crash
  bool operator==(const PodPlan&) const = default;
};

/// What the runtime does not know.
struct PodSituation {
  bool terminating = false;  ///< to be ended: deleted, or not wanted on this node any more
  std::chrono::seconds grace{30};
  /// When its ending began; nothing: when the last of its containers has ended by itself.
  std::optional<TimePoint> ending_since;
  std::set<std::string>
      failed_liveness;  ///< ids of containers whose liveness or startup probe has failed
  std::set<std::string> not_started;   ///< ids of containers whose startup probe has not succeeded
  std::set<std::string> hooking;       ///< ids of containers whose postStart hook is under way
  std::set<std::string> failed_hooks;  ///< ids of containers whose postStart hook has failed
  bool past_deadline = false;          ///< activeDeadlineSeconds is over
  bool over = false;                   ///< it has succeeded or failed: nothing is started again
  std::set<std::string> pulling;       ///< containers whose image is on its way: they wait for it
  /// Containers whose start was refused (no image, no ConfigMap, …): not tried again before.
  std::map<std::string, TimePoint> not_before;
};

/// Left for a container's signal, however long those before it or its hook have taken.
inline constexpr std::chrono::seconds kLeastGrace{2};

/// The wait before a container's next start after so many crashes in a row: none, then 10 s,
/// doubling to 5 min.
[[nodiscard]] std::chrono::seconds crash_backoff(int level);

/// The actions that can be carried out now, given only what has been seen.
///
/// Level-triggered: an action never needs the result of an earlier one in the same plan. Hence an
/// executor may stop at any failure and simply plan again. A container that ran for ten minutes
/// begins with a clean record.
///
/// @param now  wall clock, compared with `finished_at`
/// @source     Pod Lifecycle (kubernetes.io): init containers in order, restart policy, crash-loop
/// backoff; KEP-753 (sidecars)
[[nodiscard]] PodPlan plan(const core_v1::Pod& pod, const SeenPod& seen,
                           const PodSituation& situation, TimePoint now);

}  // namespace nodal::agent
