// nodectl/cluster/supervisor.cc — see supervisor.h.
#include "nodectl/cluster/supervisor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "nodectl/cluster/keys.h"
#include "nodectl/cluster/process.h"
#include "nodectl/cluster/system_pods.h"

namespace nodal::nodectl {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kFirstBackoff = 200ms;
constexpr auto kLongestBackoff = 10000ms;
constexpr auto kSettled = 60s;  // one that ran this long starts again at once
constexpr auto kGrace = 15s;
constexpr auto kRenewal = 24h;  // certificates live ninety days

TimePoint now() { return SystemClock().now(); }

}  // namespace

Supervisor::Supervisor(Layout layout, Settings settings)
    : layout_(std::move(layout)), settings_(std::move(settings)) {
  const auto known = read_parts(layout_);
  for (auto& part : parts_of(layout_, settings_)) {
    Watched watched;
    watched.state.name = part.name;
    watched.part = std::move(part);
    watched.backoff = kFirstBackoff;
    if (known)
      for (const auto& state : *known)
        if (state.name == watched.state.name) watched.state = state;
    parts_.push_back(std::move(watched));
  }
  if (known)
    for (const auto& state : *known)
      if (std::ranges::none_of(parts_, [&](const auto& p) { return p.part.name == state.name; }))
        unwanted_.push_back(state);
}

Result<> Supervisor::start(Watched& part) {
  const auto pid = start_daemon(part.part.command, layout_.log_of(part.part.name));
  if (!pid) return std::unexpected(pid.error());
  if (part.state.started_at != TimePoint{}) ++part.state.restarts;
  part.state.pid = *pid;
  part.state.start_ticks = start_ticks(*pid).value_or(0);
  part.state.started_at = now();
  part.process = open_process(*pid);
  log::info("started",
            {{"part", part.part.name}, {"pid", *pid}, {"restarts", part.state.restarts}});
  return {};
}

void Supervisor::note_exit(Watched& part) {
  int status = 0;
  part.state.last_exit = "ended";
  part.state.last_exit_code = 255;
  if (::waitpid(part.state.pid, &status, WNOHANG) ==
      part.state.pid) {  // a child of ours; else only its end is known
    if (WIFEXITED(status)) {
      part.state.last_exit_code = WEXITSTATUS(status);
      part.state.last_exit = text::cat("exit code ", part.state.last_exit_code);
    } else if (WIFSIGNALED(status)) {
      part.state.last_exit_code = 128 + WTERMSIG(status);
      part.state.last_exit = text::cat("signal ", WTERMSIG(status));
    }
  }
  part.state.last_exit_at = now();
  part.state.pid = 0;
  part.process.reset();
  if (part.state.last_exit_at - part.state.started_at > kSettled) part.backoff = kFirstBackoff;
  part.due = steady_clock::now() + part.backoff;
  log::warn("a part ended", {{"part", part.part.name},
                             {"how", part.state.last_exit},
                             {"again in ms", part.backoff.count()}});
  part.backoff = std::min<std::chrono::milliseconds>(part.backoff * 2, kLongestBackoff);
}

void Supervisor::save() {
  std::vector<PartState> states;
  for (const auto& part : parts_) states.push_back(part.state);
  if (auto written = write_parts(layout_, states); !written)
    log::error("cannot note the parts", {{"error", written.error().message}});
}

void Supervisor::end(Watched& part) {
  if (!part.process || part.state.pid == 0) return;
  const auto killed = end_process(part.process, kGrace);
  if (!killed)
    log::error("a part does not end",
               {{"part", part.part.name}, {"error", killed.error().message}});
  else if (*killed)
    log::warn("a part did not end and was killed", {{"part", part.part.name}});
  note_exit(part);
}

void Supervisor::end() {
  SystemPods(layout_, settings_).hide();
  for (auto it = parts_.rbegin(); it != parts_.rend(); ++it) end(*it);
  save();
}

void Supervisor::end_unwanted() {
  for (auto& state : std::exchange(unwanted_, {})) {
    if (!is_running(state)) continue;
    Watched part;
    part.part.name = state.name;
    part.process = open_process(state.pid);
    part.state = std::move(state);
    end(part);
  }
}

Result<> Supervisor::run(std::stop_token stop) {
  const UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const std::stop_callback on_stop(stop, [&] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake.get(), &one, sizeof one);
  });
  for (auto& part : parts_) {
    if (is_running(part.state)) {
      part.process = open_process(part.state.pid);
      log::info("found running", {{"part", part.part.name}, {"pid", part.state.pid}});
    }
  }
  end_unwanted();
  SystemPods pods(layout_, settings_);
  auto renewal = steady_clock::now() + kRenewal;  // `up` has just seen to them
  while (!stop.stop_requested()) {
    bool changed = false;
    auto next = steady_clock::time_point::max();
    for (auto& part : parts_) {
      if (part.process) continue;
      if (steady_clock::now() >= part.due) {
        if (auto started = start(part); !started) {
          log::error("cannot start a part",
                     {{"part", part.part.name}, {"error", started.error().message}});
          part.due = steady_clock::now() + part.backoff;
          part.backoff = std::min<std::chrono::milliseconds>(part.backoff * 2, kLongestBackoff);
        }
        changed = true;
      }
      if (!part.process) next = std::min(next, part.due);
    }
    if (changed) save();
    if (steady_clock::now() >= renewal) {
      if (auto issued = issue_keys(layout_, settings_); !issued)
        log::error("renew the keys of the parts", {{"error", issued.error().message}});
      renewal = steady_clock::now() + kRenewal;
    }
    next = std::min(next, renewal);
    std::vector<PartState> states;
    for (const auto& part : parts_) states.push_back(part.state);
    pods.show(states);

    std::vector<pollfd> fds{{wake.get(), POLLIN, 0}};
    for (const auto& part : parts_) fds.push_back({part.process.get(), POLLIN, 0});
    const int timeout = static_cast<int>(std::max<std::int64_t>(
        std::chrono::ceil<std::chrono::milliseconds>(next - steady_clock::now()).count(), 0));
    if (::poll(fds.data(), fds.size(), timeout) < 0 && errno != EINTR)
      return fail_errno(errno, "watch the parts");
    if (stop.stop_requested()) break;
    for (std::size_t i = 0; i < parts_.size(); ++i)
      if (fds[i + 1].revents != 0) {
        note_exit(parts_[i]);
        save();
      }
  }
  return {};
}

}  // namespace nodal::nodectl
