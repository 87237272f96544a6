// base/subprocess.cc — posix_spawn, three pipes and a pidfd in one poll.
#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/handle.h"
#include "base/text.h"

namespace nodal {
namespace {

constexpr std::size_t kErrorLimit = 64u << 10;

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& t : texts) out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

/// A started child; killed with its group and reaped if it is still there at the end of the scope.
class Child {
 public:
  explicit Child(pid_t pid)
      : pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      (void)reap();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
};

}  // namespace

Result<SubprocessResult> run_program(const Subprocess& what) {
  auto in = NODAL_TRY(make_pipe()), out = NODAL_TRY(make_pipe()), err = NODAL_TRY(make_pipe());

  SpawnSettings settings;
  ::posix_spawn_file_actions_adddup2(&settings.actions, in.read.get(), 0);
  ::posix_spawn_file_actions_adddup2(&settings.actions, out.write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&settings.actions, err.write.get(), 2);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &all);
  ::posix_spawnattr_setpgroup(&settings.attributes, 0);
  ::posix_spawnattr_setflags(
      &settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> argv{what.program}, environment = what.environment;
  argv.insert(argv.end(), what.arguments.begin(), what.arguments.end());
  pid_t pid = -1;
  if (const int error =
          ::posix_spawn(&pid, what.program.c_str(), &settings.actions, &settings.attributes,
                        pointers(argv).data(), pointers(environment).data());
      error != 0)
    return fail_errno(error, what.program);
  Child child(pid);
  in.read.reset();
  out.write.reset();
  err.write.reset();
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);

  const auto deadline = std::chrono::steady_clock::now() + what.timeout;
  SubprocessResult result;
  std::string_view input = what.input;
  bool ended = false;
  while (!ended || out.read || err.read) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return fail(Errc::timed_out, text::cat("no end after ", what.timeout.count(), " ms"));
    if (input.empty()) in.write.reset();
    pollfd fds[] = {{in.write.get(), POLLOUT, 0},
                    {out.read.get(), POLLIN, 0},
                    {err.read.get(), POLLIN, 0},
                    {ended ? -1 : child.pidfd(), POLLIN, 0}};
    // After its end only what is already in the pipes counts: a child it left behind may hold them
    // open.
    const int patience =
        ended ? 0 : static_cast<int>(std::min<std::int64_t>(left.count() + 1, 60000));
    const int ready = ::poll(fds, 4, patience);
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (ready <= 0) {
      if (ended) break;
      continue;
    }
    if (fds[0].revents != 0) {
      const auto n = ::write(in.write.get(), input.data(), input.size());
      if (n > 0)
        input.remove_prefix(static_cast<std::size_t>(n));
      else if (errno != EAGAIN && errno != EINTR)
        input = {};  // it does not read; its own business
    }
    char buffer[16384];
    if (fds[1].revents != 0) {
      const auto n = ::read(out.read.get(), buffer, sizeof buffer);
      if (n > 0)
        result.output.append(buffer, static_cast<std::size_t>(n));
      else if (n == 0 || errno != EINTR)
        out.read.reset();
      if (result.output.size() > what.output_limit)
        return fail(Errc::invalid, text::cat("more than ", what.output_limit, " bytes of output"));
    }
    if (fds[2].revents != 0) {
      const auto n = ::read(err.read.get(), buffer, sizeof buffer);
      if (n > 0)
        result.errors.append(buffer,
                             std::min(static_cast<std::size_t>(n),
                                      kErrorLimit - std::min(kErrorLimit, result.errors.size())));
      else if (n == 0 || errno != EINTR)
        err.read.reset();
    }
    if (fds[3].revents != 0) ended = true;
  }
  result.exit_code = child.reap();
  return result;
}

}  // namespace nodal
