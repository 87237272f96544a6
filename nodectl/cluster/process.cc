// nodectl/cluster/process.cc — see process.h.
#include "nodectl/cluster/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"

extern char** environ;

namespace nodal::nodectl {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kKill{5};  // in which the kernel takes down what it killed

bool has_ended(const UniqueFd& process, std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    pollfd p{process.get(), POLLIN, 0};
    const int ready = ::poll(&p, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return true;
    if (ready == 0 && left <= 0) return false;
  }
}

Result<> send(const UniqueFd& process, int signal) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0 || errno == ESRCH)
    return {};
  return fail_errno(errno, "end a process");
}

}  // namespace

Result<pid_t> start_daemon(const std::vector<std::string>& command, const std::string& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, command[0].c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno(error, text::cat("start ", command[0]));
  return pid;
}

std::optional<std::uint64_t> start_ticks(pid_t pid) {
  const auto stat = file::read(text::cat("/proc/", pid, "/stat"), 4096);
  if (!stat) return std::nullopt;
  // The name in brackets may hold blanks: count from the last bracket, which ends field 2.
  const auto after = stat->rfind(')');
  if (after == std::string::npos) return std::nullopt;
  const auto fields = text::split(std::string_view(*stat).substr(after + 2), ' ');
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return std::nullopt;
  return text::number<std::uint64_t>(fields[19]);
}

UniqueFd open_process(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

Result<bool> end_process(const UniqueFd& process, std::chrono::milliseconds grace) {
  NODAL_TRY(send(process, SIGTERM));
  if (has_ended(process, grace)) return false;
  NODAL_TRY(send(process, SIGKILL));
  if (has_ended(process, kKill)) return true;
  return fail(Errc::timed_out, "not even SIGKILL ends the process");
}

}  // namespace nodal::nodectl
