// base/loop/stop.cc — see stop.h.
#include "base/loop/stop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/text.h"

namespace nodal {
namespace {

sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = waited_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop_signal(std::stop_source& stop) {
  const sigset_t set = waited_signals();
  int received = 0;
  while (sigwait(&set, &received) != 0 || received == SIGHUP) {
  }
  stop.request_stop();
}

bool wait_for_stop_or_reload(std::stop_source& stop) {
  const sigset_t set = waited_signals();
  int received = 0;
  while (sigwait(&set, &received) != 0) {
  }
  stop.request_stop();
  return received == SIGHUP;
}

void name_thread(const char* name) {
  pthread_setname_np(pthread_self(), std::string(name).substr(0, 15).c_str());
}

StopFd::StopFd(const std::stop_token& stop) {
  if (!stop.stop_possible()) return;
  fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd_) {
    error_ = errno;
    return;
  }
  callback_.emplace(stop, [fd = fd_.get()] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(fd, &one, sizeof one);
  });
}

Result<> StopFd::ready() const {
  if (error_ == 0) return {};
  return fail(Errc::unavailable,
              text::cat("no descriptor to hear a stop: ", std::strerror(error_)));
}

}  // namespace nodal
