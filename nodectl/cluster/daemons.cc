// nodectl/cluster/daemons.cc — see daemons.h.
#include "nodectl/cluster/daemons.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "nodectl/cluster/process.h"

namespace nodal::nodectl {
namespace {

using namespace std::chrono_literals;

constexpr auto kSupervisorGrace = 60s;  // it ends the parts first
constexpr auto kPartGrace = 15s;

}  // namespace

pid_t supervisor_pid(const Layout& layout) {
  const auto text = file::read(layout.supervisor_pid(), 64);
  if (!text) return 0;
  const auto words = text::split(text::trim(*text), ' ');
  if (words.size() != 2) return 0;
  const auto pid = text::number<pid_t>(words[0]);
  const auto ticks = text::number<std::uint64_t>(words[1]);
  return pid && ticks && start_ticks(*pid) == *ticks ? *pid : 0;
}

Result<> note_supervisor(const Layout& layout) {
  return file::write(layout.supervisor_pid(),
                     text::cat(::getpid(), " ", start_ticks(::getpid()).value_or(0), "\n"), 0644);
}

Result<> start_supervisor(const Layout& layout) {
  NODAL_TRY(
      start_daemon({layout.programs + "/nodectl", "supervise"}, layout.log + "/supervisor.log"));
  return {};
}

std::vector<PartState> running_parts(const Layout& layout) {
  auto parts = read_parts(layout).value_or(std::vector<PartState>{});
  std::erase_if(parts, [](const auto& part) { return !is_running(part); });
  return parts;
}

Result<> end_daemons(const Layout& layout) {
  if (const auto process = open_process(supervisor_pid(layout));
      process && supervisor_pid(layout) != 0)
    if (auto ended = end_process(process, kSupervisorGrace); !ended)
      return wrap("the supervisor", ended.error());
  auto left = running_parts(layout);
  std::ranges::reverse(left);
  for (const auto& part : left) {
    const auto process = open_process(part.pid);
    // Only what was still that very process after it was opened is ours.
    if (!process || !is_running(part)) continue;
    if (auto ended = end_process(process, kPartGrace); !ended)
      return wrap(text::cat("the ", part.name, " (pid ", part.pid, ")"), ended.error());
  }
  return {};
}

}  // namespace nodal::nodectl
