// base/http/link.h — one connection of a client: its address, a socket, and TLS on it when asked
// for.
#pragma once

#include <openssl/err.h>
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/handle.h"
#include "base/http/tls.h"
#include "base/result.h"

namespace nodal::http {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

/// "https://host:port/", "http://…", "unix:/path", taken apart.
struct Target {
  bool tls = false;
  std::string unix_path;
  std::string host;  // without brackets
  std::string port;
  std::string host_header;
};

/// @errors invalid: not an address of these forms
Result<Target> parse_address(std::string_view address);

/// @errors timed_out; unavailable when stopped, or nobody listens
Result<UniqueFd> connect_to(const sockaddr* address, socklen_t size, Deadline deadline,
                            int stop_fd);

class Link {
 public:
  Link(UniqueFd fd, tls::Ssl ssl) : fd_(std::move(fd)), ssl_(std::move(ssl)) {}

  Result<> handshake(Deadline deadline, int stop_fd);
  /// 0 at the end of the stream.
  Result<std::size_t> read(char* buffer, std::size_t size, Deadline deadline, int stop_fd);
  Result<> write(std::string_view bytes, Deadline deadline, int stop_fd);
  /// True when the server has closed or sent something unasked: not to be used again.
  [[nodiscard]] bool is_stale() const;
  void shutdown_write();
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

 private:
  // One step of TLS, which never blocks: after an upgrade one thread reads while another writes.
  std::pair<int, int> tls(auto step) {
    const std::lock_guard lock(mutex_);
    ERR_clear_error();
    const int n = step();
    return {n, n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), n)};
  }

  UniqueFd fd_;
  tls::Ssl ssl_;
  std::mutex mutex_;
};

}  // namespace nodal::http
