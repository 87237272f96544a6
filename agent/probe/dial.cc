// agent/probe/dial.cc — see dial.h.
#include "agent/probe/dial.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/net/kernel_address.h"

namespace nodal::agent {

bool wait_for(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd p{fd, events, 0};
    const int n = ::poll(&p, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1 << 30)));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

std::expected<UniqueFd, int> dial(const net::SocketAddress& to, Deadline deadline) {
  const net::KernelAddress at(to);
  UniqueFd fd(::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(errno);
  if (::connect(fd.get(), at.get(), at.size()) == 0) return fd;
  if (errno != EINPROGRESS) return std::unexpected(errno);
  if (!wait_for(fd.get(), POLLOUT, deadline)) return std::unexpected(ETIMEDOUT);
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return std::unexpected(error);
  return fd;
}

}  // namespace nodal::agent
