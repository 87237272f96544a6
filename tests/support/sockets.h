// tests/support/sockets.h — the smallest servers and clients: a server answers every connection or
// datagram with its name.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "base/handle.h"

namespace nodal::test {

inline sockaddr_in address_of(const std::string& ip, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, ip.c_str(), &out.sin_addr);
  return out;
}

/// Binds in the namespace of the constructing thread; answers until destroyed.
class NameServer {
 public:
  NameServer(std::string ip, int port, std::string answer, int type = SOCK_STREAM)
      : answer_(std::move(answer)), type_(type) {
    socket_.reset(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const int one = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const auto address = address_of(ip, port);
    bound_ =
        ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        (type == SOCK_DGRAM || ::listen(socket_.get(), 64) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    stop_ = true;
    thread_.join();
  }
  [[nodiscard]] bool bound() const { return bound_; }

 private:
  void serve() {
    while (!stop_) {
      pollfd p{socket_.get(), POLLIN, 0};
      if (::poll(&p, 1, 20) <= 0) continue;
      if (type_ == SOCK_STREAM) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        const UniqueFd client(::accept(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &size));
        if (!client) continue;
        const std::string line = answer_ + " " + inet_ntoa(peer.sin_addr);
        [[maybe_unused]] const auto n = ::write(client.get(), line.data(), line.size());
      } else {
        char buffer[64];
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::recvfrom(socket_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer),
                       &size) < 0)
          continue;
        const std::string line = answer_ + " " + inet_ntoa(peer.sin_addr);
        ::sendto(socket_.get(), line.data(), line.size(), 0,
                 reinterpret_cast<const sockaddr*>(&peer), size);
      }
    }
  }

  std::string answer_;
  int type_;
  bool bound_ = false;
  UniqueFd socket_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// What the server there says ("name client-address"), or "refused", "unreachable", "timeout".
inline std::string ask(const std::string& ip, int port, int type = SOCK_STREAM,
                       int milliseconds = 700) {
  const UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = address_of(ip, port);
  const auto word = [](int error) -> std::string {
    if (error == ECONNREFUSED) return "refused";
    return "unreachable";
  };
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS)
    return word(errno);
  pollfd p{socket.get(), POLLOUT, 0};
  if (::poll(&p, 1, milliseconds) <= 0) return "timeout";
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return word(error);
  if (type == SOCK_DGRAM) {
    if (::send(socket.get(), "?", 1, 0) != 1) return word(errno);
  }
  std::string text;
  for (;;) {
    p.events = POLLIN;
    if (::poll(&p, 1, milliseconds) <= 0) return text.empty() ? "timeout" : text;
    char buffer[256];
    const auto n = ::recv(socket.get(), buffer, sizeof buffer, 0);
    if (n < 0) return text.empty() ? word(errno) : text;
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (type == SOCK_DGRAM) return text;
  }
}

}  // namespace nodal::test
