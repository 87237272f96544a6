// agent/serve/target.h — what a request to the agent is about: its path and query, taken apart.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/runtime.h"
#include "agent/serve/command_protocol.h"
#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// The paths are kubelet's, which every API server calls (REQUIREMENTS 16.3).
struct StreamTarget {
  enum class Kind { logs, exec, attach, port_forward };
  Kind kind = Kind::logs;
  std::string ns, pod;
  std::string container;  ///< "" for port_forward

  bool previous = false;  ///< logs
  Runtime::LogOptions log;

  std::vector<std::string> command;  ///< exec
  WantedStreams streams;             ///< exec and attach
};

/// /containerLogs/NS/POD/CONTAINER, /exec/NS/POD[/UID]/CONTAINER, /attach/NS/POD[/UID]/CONTAINER,
/// /portForward/NS/POD[/UID].
/// @errors not_found: no such path; invalid: a parameter that makes no sense
[[nodiscard]] Result<StreamTarget> parse_stream_target(std::string_view target);

/// Why there is no log yet: the container of that pod has not been started.
[[nodiscard]] std::string waiting_to_start(const core_v1::Pod& pod, std::string_view container);

}  // namespace nodal::agent
