// nodectl/cluster/daemons.h — the supervisor and the parts that it runs, from outside: found,
// started, ended.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"
#include "nodectl/cluster/layout.h"
#include "nodectl/cluster/parts.h"

namespace nodal::nodectl {

/// The supervisor that runs; 0: none does.
pid_t supervisor_pid(const Layout& layout);
/// For the supervisor itself: it is the one that runs.
Result<> note_supervisor(const Layout& layout);
/// Starts it; the parts follow.
Result<> start_supervisor(const Layout& layout);

/// The parts that run, whether a supervisor does or was killed.
std::vector<PartState> running_parts(const Layout& layout);

/// Ends the supervisor and the parts, also those that a killed supervisor left, and returns when
/// all have ended. Pods go on running.
/// @errors forbidden; timed_out: one cannot be ended
Result<> end_daemons(const Layout& layout);

}  // namespace nodal::nodectl
