// nodectl/cluster/process.h — daemons as processes: started, recognised, ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/handle.h"
#include "base/result.h"

namespace nodal::nodectl {

/// Starts a program that outlives this one: in a session of its own, with no signal blocked, its
/// output at the end of a log.
Result<pid_t> start_daemon(const std::vector<std::string>& command, const std::string& log);

/// Field 22 of /proc/PID/stat; nothing when there is no such process.
std::optional<std::uint64_t> start_ticks(pid_t pid);

/// A pidfd: readable when the process has ended. None when there is no such process.
UniqueFd open_process(pid_t pid);

/// SIGTERM, and SIGKILL when it has not ended after `grace`. Returns when it has ended.
/// @returns whether it took the SIGKILL
/// @errors forbidden: the process of another user; timed_out: not even SIGKILL ends it
Result<bool> end_process(const UniqueFd& process, std::chrono::milliseconds grace);

}  // namespace nodal::nodectl
