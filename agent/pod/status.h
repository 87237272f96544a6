// agent/pod/status.h — a pod as wanted, seen and probed → the PodStatus to report. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/pod/plan.h"
#include "agent/runtime/types.h"
#include "base/clock.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// Why a container is not there: the reason and message of its waiting state.
struct Obstacle {
  std::string reason, message;
  bool operator==(const Obstacle&) const = default;
};

struct StatusInputs {
  std::map<std::string, Obstacle>
      obstacles;  ///< by container name; "" for the whole pod (sandbox, volumes)
  std::map<std::string, bool> ready,
      started;  ///< by container id, as probes say; absent: no such probe
  std::map<std::string, std::string> messages;  ///< by container id: what it said at its end
  std::set<std::string> hooking;  ///< ids of containers whose postStart hook is under way
  std::string node_ip;
  std::string runtime = "docker";  ///< of containerID: "docker://…"
  bool past_deadline = false;
};

/// The status to write, beginning from what is stored: fields and conditions of others stay. The
/// end of a container is told as such before its wait for the next start, and no pod has ended
/// while something of it runs.
/// @source Pod Lifecycle and the PodStatus API reference: phases, conditions, reasons
[[nodiscard]] core_v1::PodStatus status(const core_v1::Pod& pod, const SeenPod& seen,
                                        const StatusInputs& inputs, TimePoint now);

}  // namespace nodal::agent
