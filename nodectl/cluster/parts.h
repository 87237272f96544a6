// nodectl/cluster/parts.h — the programs that make a node, how each is started, and what is known
// of each.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "nodectl/cluster/layout.h"

namespace nodal::nodectl {

struct Part {
  std::string name;                  ///< "master", "agent", "proxy"
  std::string title;                 ///< what it does, for people
  std::vector<std::string> command;  ///< program and arguments
};

/// The parts of a one-node cluster with its addons, in the order to start them.
[[nodiscard]] std::vector<Part> parts_of(const Layout& layout, const Settings& settings);

/// What the supervisor knows of one part.
struct PartState {
  std::string name;
  pid_t pid = 0;  ///< 0: not running
  std::uint64_t start_ticks =
      0;  ///< of the process, from /proc: the same pid of another process does not fool us
  TimePoint started_at{};
  int restarts = 0;
  std::string last_exit;   ///< "exit code 1" or "signal 9"; "" never ended
  int last_exit_code = 0;  ///< 128 + the signal for a killed one
  TimePoint last_exit_at{};
  bool operator==(const PartState&) const = default;
};

/// @errors not_found when nothing was ever started
Result<std::vector<PartState>> read_parts(const Layout& layout);
Result<> write_parts(const Layout& layout, const std::vector<PartState>& parts);

/// True when that very process runs.
bool is_running(const PartState& part);

}  // namespace nodal::nodectl
