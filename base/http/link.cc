// base/http/link.cc — see link.h. poll gives deadlines and stops to plain and TLS connections
// alike.
#include "base/http/link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/un.h>

#include <cerrno>

#include "base/text.h"

namespace nodal::http {
namespace {

/// Waits for the socket. @errors timed_out; unavailable when stopped
Result<> wait(int fd, short events, Deadline deadline, int stop_fd) {
  for (;;) {
    int timeout = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
      if (left <= 0) return fail(Errc::timed_out, "no answer in time");
      timeout = static_cast<int>(std::min<std::int64_t>(left, 1 << 30));
    }
    pollfd fds[] = {{fd, events, 0}, {stop_fd, POLLIN, 0}};
    const int n = ::poll(fds, 2, timeout);
    if (n < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (fds[1].revents != 0) return fail(Errc::unavailable, "stopped");
    if (fds[0].revents != 0) return {};
  }
}

}  // namespace

Result<Target> parse_address(std::string_view address) {
  Target out;
  if (address.starts_with("unix:")) {
    address.remove_prefix(5);
    while (address.starts_with("//")) address.remove_prefix(1);
    out.unix_path = address;
    out.host_header = "localhost";
    if (out.unix_path.empty() || out.unix_path.size() >= sizeof(sockaddr_un::sun_path))
      return fail(Errc::invalid, text::cat("not a unix socket's path: ", address));
    return out;
  }
  if (address.starts_with("https://")) {
    out.tls = true;
    address.remove_prefix(8);
  } else if (address.starts_with("http://")) {
    address.remove_prefix(7);
  } else {
    return fail(Errc::invalid,
                text::cat("an address begins with https://, http:// or unix: — not ", address));
  }
  address = address.substr(0, address.find('/'));
  out.host_header = address;
  const auto bracket = address.rfind(']');
  const auto colon = address.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    out.port = address.substr(colon + 1);
    address = address.substr(0, colon);
  } else {
    out.port = out.tls ? "443" : "80";
  }
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  out.host = address;
  const auto port = text::number<std::uint16_t>(out.port);
  if (out.host.empty() || !port || *port == 0)
    return fail(Errc::invalid, text::cat("not a host and port: ", out.host_header));
  return out;
}

Result<UniqueFd> connect_to(const sockaddr* address, socklen_t size, Deadline deadline,
                            int stop_fd) {
  UniqueFd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (address->sa_family != AF_UNIX) {
    const int one = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    const int idle = 30;
    const int interval = 10;
    const int count = 3;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  }
  if (::connect(fd.get(), address, size) == 0) return fd;
  if (errno != EINPROGRESS) return fail_errno(errno, "connect");
  NODAL_TRY(wait(fd.get(), POLLOUT, deadline, stop_fd));
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return fail_errno(error, "connect");
  return fd;
}

Result<> Link::handshake(Deadline deadline, int stop_fd) {
  for (;;) {
    ERR_clear_error();
    const int n = SSL_connect(ssl_.get());
    if (n == 1) return {};
    const int why = SSL_get_error(ssl_.get(), n);
    if (why == SSL_ERROR_WANT_READ) {
      NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
    } else if (why == SSL_ERROR_WANT_WRITE) {
      NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
    } else {
      const long verified = SSL_get_verify_result(ssl_.get());
      if (verified != X509_V_OK)
        return fail(Errc::forbidden, text::cat("the server's certificate does not verify: ",
                                               X509_verify_cert_error_string(verified)));
      return fail(Errc::unavailable, text::cat("TLS handshake: ", tls::error_text()));
    }
  }
}

Result<std::size_t> Link::read(char* buffer, std::size_t size, Deadline deadline, int stop_fd) {
  for (;;) {
    if (ssl_) {
      const auto [n, why] =
          tls([&] { return SSL_read(ssl_.get(), buffer, static_cast<int>(size)); });
      if (n > 0) return static_cast<std::size_t>(n);
      if (why == SSL_ERROR_ZERO_RETURN) return 0;
      if (why == SSL_ERROR_WANT_READ) {
        NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
      } else if (why == SSL_ERROR_WANT_WRITE) {
        NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
      } else if (why == SSL_ERROR_SYSCALL && errno == 0) {
        return 0;
      } else {
        return fail(Errc::unavailable, text::cat("read: ", tls::error_text()));
      }
      continue;
    }
    const ssize_t n = ::recv(fd_.get(), buffer, size, 0);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail_errno(errno, "read");
    NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
  }
}

Result<> Link::write(std::string_view bytes, Deadline deadline, int stop_fd) {
  while (!bytes.empty()) {
    if (ssl_) {
      const auto [n, why] = tls([&] {
        return SSL_write(ssl_.get(), bytes.data(),
                         static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 30)));
      });
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
        continue;
      }
      if (why == SSL_ERROR_WANT_WRITE) {
        NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
      } else if (why == SSL_ERROR_WANT_READ) {
        NODAL_TRY(wait(fd_.get(), POLLIN, deadline, stop_fd));
      } else {
        return fail(Errc::unavailable, text::cat("write: ", tls::error_text()));
      }
      continue;
    }
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail_errno(errno, "write");
    NODAL_TRY(wait(fd_.get(), POLLOUT, deadline, stop_fd));
  }
  return {};
}

bool Link::is_stale() const {
  pollfd p{fd_.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) != 0;
}

void Link::shutdown_write() {
  if (ssl_) {
    tls([&] { return SSL_shutdown(ssl_.get()); });
  } else {
    ::shutdown(fd_.get(), SHUT_WR);
  }
}

}  // namespace nodal::http
