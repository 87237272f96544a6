// agent/runtime/docker/exec.cc — a command in a running container, and the end of all it started.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "agent/runtime/docker/process_tree.h"
#include "agent/runtime/docker/runtime.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

constexpr std::size_t kMaxOutput = 16384;

/// Requests a stop when its time is up.
class Alarm {
 public:
  explicit Alarm(std::chrono::steady_clock::time_point at)
      : thread_([this, at](const std::stop_token& cancelled) {
          std::unique_lock lock(mutex_);
          wake_.wait_until(lock, cancelled, at, [] { return false; });
          if (!cancelled.stop_requested()) rung_.request_stop();
        }) {}
  [[nodiscard]] std::stop_token token() const { return rung_.get_token(); }

 private:
  std::stop_source rung_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: stopped and joined first
};

}  // namespace

Result<ExecResult> DockerRuntime::exec(std::string_view id, const std::vector<std::string>& command,
                                       std::chrono::milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout;
  const auto container = NODAL_TRY(checked_id(id));
  const auto mark = fresh_mark();
  auto created =
      engine_.call("POST", text::cat("/containers/", container, "/exec"), exec_body(command, mark));
  if (!created) {
    auto error = std::move(created).error();
    if (error.code == Errc::conflict) error.code = Errc::not_found;  // it does not run
    return wrap("exec", std::move(error));
  }
  const auto exec_id = NODAL_TRY(parse_id(created->text()));
  const auto state = [&]() -> Result<ExecState> {
    return parse_exec(NODAL_TRY(engine_.call("GET", text::cat("/exec/", exec_id, "/json"))).text());
  };

  ExecResult out;
  FrameReader frames;
  Result<bool> broken = true;
  Result<> ended;
  bool late = false;
  {
    const Alarm alarm(deadline);
    ended = engine_.stream(
        "POST", text::cat("/exec/", exec_id, "/start"), R"({"Detach":false,"Tty":false})", {},
        [&](std::string_view bytes) {
          broken = frames.feed(bytes, [&](FrameReader::Source, std::string_view piece) {
            out.output += piece.substr(0, kMaxOutput - out.output.size());
            return true;
          });
          return broken.has_value();
        },
        alarm.token(), timeout + std::chrono::seconds(10));
    late = alarm.token().stop_requested();
  }
  if (!broken) ended = std::unexpected(std::move(broken).error());

  // The stream ends with the output, which may be closed before the process ends; the engine
  // learns of the end a moment after that.
  for (std::chrono::milliseconds pause(2); !late && ended;
       pause = std::min(pause * 2, std::chrono::milliseconds(100))) {
    const auto now = NODAL_TRY(state());
    if (!now.running && now.exit_code) {
      out.exit_code = *now.exit_code;
      return out;
    }
    late = Clock::now() + pause >= deadline;
    if (!late) std::this_thread::sleep_for(pause);
  }

  // Too late, or the stream broke: nothing of it may live on (SECURITY 20).
  const auto last = state();
  if (!late && last && !last->running && last->exit_code) {
    // It could not even start: the message is all its output.
    out.exit_code = *last->exit_code;
    if (!ended && out.output.empty()) out.output = ended.error().message.substr(0, kMaxOutput);
    return out;
  }
  kill_exec(last ? last->pid : 0, mark, container);
  if (late)
    return fail(Errc::timed_out, text::cat("command timed out after ", timeout.count(), " ms"));
  return wrap("exec", std::move(ended).error());
}

}  // namespace nodal::agent::docker
