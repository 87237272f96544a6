// ingress/nginx.cc — see nginx.h.
#include "ingress/nginx.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/loop/stop.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace nodal::ingress {
namespace {

constexpr std::chrono::milliseconds kStop{5000};
constexpr int kDeafMilliseconds = 1000;  // between looks for a stop that no descriptor tells

UniqueFd open_process(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace

Nginx::Nginx(std::string program, std::string folder, std::function<void()> ended)
    : program_(std::move(program)), folder_(std::move(folder)), ended_(std::move(ended)) {}

Result<> Nginx::check(const std::string& configuration) {
  const auto candidate = folder_ + "/candidate.conf";
  NODAL_TRY(file::write(candidate, configuration, 0600));
  Subprocess test;
  test.program = program_;
  test.arguments = {"-t", "-q", "-p", folder_, "-c", candidate};
  test.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  const auto done = NODAL_TRY(run_program(test));
  if (done.exit_code == 0) return {};
  return fail(Errc::invalid, std::string(text::trim(done.errors)));
}

// The master process that the pid file names, if it is an nginx with our configuration.
pid_t Nginx::running() const {
  const auto text = file::read(folder_ + "/nginx.pid", 64);
  const auto pid = text ? nodal::text::number<pid_t>(nodal::text::trim(*text)) : std::nullopt;
  if (!pid || *pid <= 1) return 0;
  const auto title = file::read(nodal::text::cat("/proc/", *pid, "/cmdline"), 4096);
  return title && title->find(config_path()) != std::string::npos ? *pid : 0;
}

Result<> Nginx::use(const std::string& configuration) {
  NODAL_TRY(file::write(config_path(), configuration, 0600));
  const pid_t pid = running();
  if (pid == 0) return start();
  if (pid != pid_) watch(pid);
  if (::kill(pid, SIGHUP) != 0) return fail_errno(errno, "reload nginx");
  return {};
}

void Nginx::end_orphans() const {
  const auto home = folder_ + "/tmp";  // working_directory
  const auto names = file::list("/proc");
  if (!names) return;
  for (const auto& name : *names) {
    const auto pid = text::number<pid_t>(name);
    if (!pid || *pid <= 1) continue;
    char where[4096];
    const auto n = ::readlink(text::cat("/proc/", name, "/cwd").c_str(), where, sizeof where);
    if (n > 0 && std::string_view(where, static_cast<std::size_t>(n)) == home)
      ::kill(*pid, SIGQUIT);
  }
}

Result<> Nginx::start() {
  end_orphans();
  NODAL_TRY(file::remove(folder_ + "/private/control.sock"));
  // It becomes a daemon: whatever ends us, it serves on.
  Subprocess launch;
  launch.program = program_;
  launch.arguments = {"-p", folder_, "-c", config_path()};
  launch.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  const auto done = NODAL_TRY(run_program(launch));
  if (done.exit_code != 0)
    return fail(Errc::unavailable, text::cat("nginx does not start: ", text::trim(done.errors)));
  const pid_t pid = running();
  if (pid == 0) return fail(Errc::unavailable, "nginx has ended right after its start");
  watch(pid);
  log::info("nginx serves", {{"pid", pid}});
  return {};
}

void Nginx::watch(pid_t pid) {
  pid_ = pid;
  watcher_ = std::jthread([this, pid](const std::stop_token& stop) {
    name_thread("nginx");
    const UniqueFd process = open_process(pid);
    const StopFd stop_fd(stop);
    pollfd fds[] = {{process.get(), POLLIN, 0}, {stop_fd.get(), POLLIN, 0}};
    const int patience = stop_fd.ready() ? -1 : kDeafMilliseconds;
    while (process && !stop.stop_requested() && ::poll(fds, 2, patience) <= 0) {
    }
    if (!stop.stop_requested()) ended_();
  });
}

void Nginx::stop() {
  watcher_ = {};
  const pid_t pid = running();
  if (pid == 0) return;
  const UniqueFd process = open_process(pid);
  ::kill(pid, SIGQUIT);
  pollfd wait{process.get(), POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(kStop.count())) == 0) ::kill(pid, SIGKILL);
  ::poll(&wait, 1, 1000);
}

}  // namespace nodal::ingress
