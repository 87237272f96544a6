// base/subprocess.cc — fork and exec, three pipes and a pidfd in one poll.
#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/descriptors.h"
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

/// What a child does between fork and exec: nothing but system calls, since another thread of ours
/// may have held any lock. Does not return.
[[noreturn]] void become(const Subprocess& what, char* const* argv, char* const* environment,
                         const std::array<int, 3>& standard, int report) {
  for (int i = 0; i < 3; ++i) ::dup2(standard[static_cast<std::size_t>(i)], i);
  ::setpgid(0, 0);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (const auto limit = limit_before_raise()) ::setrlimit(RLIMIT_NOFILE, &*limit);
  ::execve(what.program.c_str(), argv, environment);
  const int error = errno;
  [[maybe_unused]] const auto n = ::write(report, &error, sizeof error);
  ::_exit(127);
}

/// @errors by errno: the program cannot be run
Result<pid_t> start(const Subprocess& what, const std::array<int, 3>& standard) {
  std::vector<std::string> argv{what.program}, environment = what.environment;
  argv.insert(argv.end(), what.arguments.begin(), what.arguments.end());
  const auto argv_pointers = pointers(argv), environment_pointers = pointers(environment);
  auto report = NODAL_TRY(make_pipe());  // closed by a successful exec
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0)
    become(what, argv_pointers.data(), environment_pointers.data(), standard, report.write.get());
  ::setpgid(pid, pid);  // as the child does: whoever is first
  report.write.reset();
  int error = 0;
  ssize_t n = 0;
  while ((n = ::read(report.read.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (n <= 0) return pid;
  ::waitpid(pid, nullptr, 0);
  return fail_errno(error, what.program);
}

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

  Child child(NODAL_TRY(start(what, {in.read.get(), out.write.get(), err.write.get()})));
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
