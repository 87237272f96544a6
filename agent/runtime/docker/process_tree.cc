// agent/runtime/docker/process_tree.cc — /proc, pidfds, SIGKILL.
#include "agent/runtime/docker/process_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <set>

#include "base/file.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

/// /proc files have no size, and a process may vanish at any read: then the text is empty.
std::string read_proc(pid_t pid, std::string_view name, std::size_t limit) {
  const UniqueFd fd(::open(text::cat("/proc/", pid, "/", name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  char buffer[4096];
  while (fd && out.size() < limit) {
    const auto n = ::read(fd.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    out.append(buffer, static_cast<std::size_t>(n));
  }
  return out;
}

bool carries(std::string_view environment, std::string_view mark) {
  if (mark.empty()) return false;
  for (std::size_t at = environment.find(mark); at != std::string_view::npos;
       at = environment.find(mark, at + 1)) {
    const auto end = at + mark.size();
    if ((at == 0 || environment[at - 1] == '\0') &&
        (end == environment.size() || environment[end] == '\0'))
      return true;
  }
  return false;
}

}  // namespace

Process parse_stat(std::string_view line) {
  // "pid (comm) state ppid pgrp session …"; comm may hold blanks and parentheses.
  const auto open = line.find(" ("), close = line.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  const auto fields = text::split(line.substr(close + 2), ' ');
  if (fields.size() < 4) return {};
  return {text::number<pid_t>(line.substr(0, open)).value_or(0),
          text::number<pid_t>(fields[1]).value_or(0), text::number<pid_t>(fields[3]).value_or(0),
          false};
}

std::vector<pid_t> tree_of(const std::vector<Process>& all, pid_t root) {
  std::set<pid_t> in;
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& p : all) {
      if (p.pid <= 1 || in.contains(p.pid)) continue;
      const bool ours = p.marked || (root > 1 && (p.pid == root || p.session == root)) ||
                        (p.parent > 1 && in.contains(p.parent));
      if (ours) grown = in.insert(p.pid).second || grown;
    }
  }
  return {in.begin(), in.end()};
}

std::string fresh_mark() {
  std::random_device random;
  char out[64];
  std::snprintf(out, sizeof out, "NODAL_EXEC=%08x%08x%08x%08x", random(), random(), random(),
                random());
  return out;
}

void kill_exec(pid_t root, std::string_view mark, std::string_view container_id) {
  for (int round = 0; round < 20; ++round) {
    std::vector<Process> inside;
    const auto names = file::list("/proc");
    if (!names) return;
    for (const auto& name : *names) {
      const auto pid = text::number<pid_t>(name);
      if (!pid || *pid <= 1) continue;
      if (read_proc(*pid, "cgroup", 65536).find(container_id) == std::string::npos) continue;
      const auto stat = read_proc(*pid, "stat", 4096);
      auto process = parse_stat(stat);
      if (process.pid == 0 || stat.find(") Z ") != std::string::npos) continue;
      process.marked = carries(read_proc(*pid, "environ", 4u << 20), mark);
      inside.push_back(process);
    }
    const auto doomed = tree_of(inside, root);
    if (doomed.empty()) return;
    for (const auto pid : doomed) {
      // The pidfd pins the process: its number cannot pass to another between look and kill.
      const UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
      if (!fd || read_proc(pid, "cgroup", 65536).find(container_id) == std::string::npos) continue;
      ::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0);
    }
  }
  log::warn("an exec that timed out keeps forking", {{"container", container_id}});
}

}  // namespace nodal::agent::docker
