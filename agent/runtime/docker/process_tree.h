// agent/runtime/docker/process_tree.h — finds and kills all that one exec started.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace nodal::agent::docker {

struct Process {
  pid_t pid = 0, parent = 0, session = 0;
  bool marked = false;  ///< carries the mark in its environment
};

/// pid, parent and session of a line of /proc/<pid>/stat; pid 0 when it is none. Pure.
Process parse_stat(std::string_view line);

/// The descendants of `root`, of its session, and the marked ones with theirs. Pure.
std::vector<pid_t> tree_of(const std::vector<Process>& all, pid_t root);

/// A mark that an exec'd process and all its children carry in their environment: NAME=VALUE, never
/// the same twice.
std::string fresh_mark();

/// @param mark  "" when they carry none
/// Kills them with SIGKILL, and again until none is found: one may fork while we look. Only
/// processes in the cgroup of that container are touched. A child that left session and parent is
/// still found by the mark in the environment it inherited.
/// Privilege: CAP_KILL in the pid namespace of the engine's host.
void kill_exec(pid_t root, std::string_view mark, std::string_view container_id);

}  // namespace nodal::agent::docker
