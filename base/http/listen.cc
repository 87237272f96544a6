// base/http/listen.cc — see listen.h.
#include "base/http/listen.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/net/kernel_address.h"
#include "base/text.h"

namespace nodal::http {

Result<UniqueFd> listen_tcp(const net::SocketAddress& address) {
  const net::KernelAddress at(address);
  UniqueFd fd(::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), at.get(), at.size()) != 0 || ::listen(fd.get(), 1024) != 0)
    return fail(Errc::unavailable,
                text::cat("listen on ", address.text(), ": ", std::strerror(errno)));
  return fd;
}

Result<UniqueFd> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(Errc::invalid, text::cat("listen on unix:", path, ": a path of 1 to ",
                                         sizeof address.sun_path - 1, " bytes is needed"));
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // A live server keeps its socket; a stale file is replaced.
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (probe && ::connect(probe.get(), generic, sizeof address) == 0)
    return fail(Errc::unavailable,
                text::cat("listen on unix:", path, ": another process serves it"));
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
  ::fchmod(fd.get(),
           0600);  // before bind: Linux takes the socket's mode for the file, less the umask
  if (::bind(fd.get(), generic, sizeof address) != 0 || ::listen(fd.get(), 1024) != 0)
    return fail(Errc::unavailable, text::cat("listen on unix:", path, ": ", std::strerror(errno)));
  ::chmod(path.c_str(), 0600);
  return fd;
}

int bound_port(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const auto address = net::from_kernel(bound);
  return address ? address->port : 0;
}

std::string address_text(const sockaddr_storage& storage) {
  const auto address = net::from_kernel(storage);
  return address ? address->text() : "unix";
}

void tune_tcp(int fd) {
  const int on = 1, idle = 60, interval = 15, count = 4;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

}  // namespace nodal::http
