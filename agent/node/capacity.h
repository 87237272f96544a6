// agent/node/capacity.h — what this host has: readings of /proc and /etc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

struct Capacity {
  std::int64_t cpus = 1;
  std::int64_t memory_bytes = 0;
  std::int64_t disk_bytes = 0, disk_free_bytes = 0;  ///< of the agent's folder
  std::int64_t memory_available_bytes = 0;
  std::int64_t most_pids = 0,
               pids = 0;  ///< process ids that there can be, and tasks that there are
};
/// What the node keeps of its memory for itself.
inline constexpr std::int64_t kLeastMemory = 100ll << 20;
/// What pods may have of the memory, bytes.
[[nodiscard]] inline std::int64_t allocatable_memory(const Capacity& capacity) {
  return std::max<std::int64_t>(capacity.memory_bytes - kLeastMemory, 0);
}
Capacity read_capacity(const std::string& root_folder);
/// Machine and boot ids, kernel, distribution.
core_v1::NodeSystemInfo read_system_info();

}  // namespace nodal::agent
