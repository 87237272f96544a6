// agent/serve/port_forward.cc — see port_forward.h.
#include "agent/serve/port_forward.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/serve/command_protocol.h"
#include "base/loop/stop.h"
#include "base/net/namespace.h"
#include "base/stream/spdy.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::size_t kPiece = 32u << 10;
constexpr std::size_t kMostConnections = 256;  // of one conversation
constexpr int kDialTimeout = 10'000;           // ms
constexpr std::uint32_t kRefusedStream = 3;    // RST_STREAM

Result<UniqueFd> dial(const sockaddr* address, socklen_t size) {
  UniqueFd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "socket");
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (::connect(fd.get(), address, size) != 0) {
    if (errno != EINPROGRESS) return fail_errno(errno, "connect");
    pollfd wait{fd.get(), POLLOUT, 0};
    if (::poll(&wait, 1, kDialTimeout) != 1) return fail(Errc::timed_out, "connect: no answer");
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail_errno(error, "connect");
  }
  return fd;
}

bool send_all(int fd, std::string_view bytes, int stop_fd) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    pollfd wait[] = {{fd, POLLOUT, 0}, {stop_fd, POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0 && errno != EINTR) return false;
    if (wait[1].revents != 0) return false;
  }
  return true;
}

class Forwarder {
 public:
  Forwarder(http::Connection& client, const std::function<Result<UniqueFd>(std::uint16_t)>& dial,
            std::stop_token stop)
      : client_(client), dial_(dial), chain_(std::move(stop), [this] { over_.request_stop(); }) {}

  void run() {
    std::vector<char> buffer(kPiece);
    const StopFd stop_fd(over_.get_token());
    if (!stop_fd.ready()) return;
    stop_fd_ = stop_fd.get();
    while (!over_.stop_requested()) {
      const auto n = client_.read(buffer.data(), buffer.size(), over_.get_token());
      if (!n || *n == 0) break;
      if (!decoder_.feed({buffer.data(), *n}, [this](const spdy::Frame& frame) { take(frame); }))
        break;
    }
    over_.request_stop();
    pairs_.clear();  // ends and joins what still reads from the pod
  }

 private:
  struct Pair {
    std::uint32_t error = 0, data = 0;  // stream ids; 0 not yet
    std::uint16_t port = 0;
    bool error_ended = false, input_ended = false;
    UniqueFd socket;
    std::jthread reader;  // after the socket: joined first
    ~Pair() {
      if (socket) ::shutdown(socket.get(), SHUT_RDWR);
    }
  };

  void take(const spdy::Frame& frame) {
    if (const auto* open = std::get_if<spdy::Open>(&frame)) return opened(*open);
    if (const auto* data = std::get_if<spdy::Data>(&frame)) return input(*data);
    if (const auto* reset = std::get_if<spdy::Reset>(&frame)) {
      const auto it = find(reset->id);
      if (it != pairs_.end() && it->second->data == reset->id) pairs_.erase(it);
    } else if (const auto* ping = std::get_if<spdy::Ping>(&frame)) {
      if (ping->id % 2 == 1) send([&] { return spdy::Encoder::ping(ping->id); });
    } else if (std::holds_alternative<spdy::GoAway>(frame)) {
      over_.request_stop();
    }
  }

  void opened(const spdy::Open& open) {
    const auto kind = spdy::header(open.headers, "streamtype");
    const auto port = text::number<std::uint16_t>(spdy::header(open.headers, "port"));
    auto id = std::string(spdy::header(open.headers, "requestid"));
    drop_ended();
    const bool is_new = !pairs_.contains(id);
    if ((kind != "error" && kind != "data") || !port || *port == 0 ||
        (is_new && pairs_.size() >= kMostConnections)) {
      send([&] { return spdy::Encoder::reset(open.id, kRefusedStream); });
      return;
    }
    auto& pair = pairs_[id];
    if (!pair) pair = std::make_unique<Pair>();
    (kind == "error" ? pair->error : pair->data) = open.id;
    pair->port = *port;
    send([&] { return encoder_.reply(open.id); });
    if (pair->error != 0 && pair->data != 0 && !pair->socket) connect(*pair);
  }

  void connect(Pair& pair) {
    auto socket = dial_(pair.port);
    if (!socket) {
      send([&] {
        return spdy::Encoder::data(pair.error,
                                   text::cat("failed to connect to localhost:", pair.port,
                                             " inside the pod: ", socket.error().message),
                                   true) +
               spdy::Encoder::data(pair.data, "", true);
      });
      pair.error_ended = true;
      return;
    }
    pair.socket = std::move(*socket);
    pair.reader =
        std::jthread([this, fd = pair.socket.get(), error = pair.error, data = pair.data] {
          name_thread("port-forward");
          output(fd, error, data);
        });
  }

  // From the pod to the client, on a thread of its own.
  void output(int fd, std::uint32_t error, std::uint32_t data) {
    std::vector<char> buffer(kPiece);
    while (true) {
      pollfd wait[] = {{fd, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
      if (::poll(wait, 2, -1) < 0 && errno != EINTR) break;
      if (wait[1].revents != 0) return;
      const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (n <= 0) break;
      if (!send([&] {
            return spdy::Encoder::data(data, {buffer.data(), static_cast<std::size_t>(n)}, false);
          }))
        return;
    }
    send(
        [&] { return spdy::Encoder::data(data, "", true) + spdy::Encoder::data(error, "", true); });
    const std::lock_guard lock(ended_mutex_);
    ended_.push_back(data);
  }

  void input(const spdy::Data& data) {
    const auto it = find(data.id);
    if (it == pairs_.end() || it->second->data != data.id || !it->second->socket) return;
    auto& pair = *it->second;
    if (!data.bytes.empty() && !send_all(pair.socket.get(), data.bytes, stop_fd_))
      ::shutdown(pair.socket.get(), SHUT_RD);  // its reader ends the streams
    if (data.end) ::shutdown(pair.socket.get(), SHUT_WR);
  }

  std::map<std::string, std::unique_ptr<Pair>>::iterator find(std::uint32_t id) {
    return std::ranges::find_if(pairs_, [&](const auto& entry) {
      return entry.second->data == id || entry.second->error == id;
    });
  }

  // Connections whose pod side has ended, and those that never came to be.
  void drop_ended() {
    std::vector<std::uint32_t> ended;
    {
      const std::lock_guard lock(ended_mutex_);
      ended.swap(ended_);
    }
    std::erase_if(pairs_, [&](const auto& entry) {
      return entry.second->error_ended ||
             std::ranges::find(ended, entry.second->data) != ended.end();
    });
  }

  // Makes and sends bytes in one order.
  bool send(auto make) {
    const std::lock_guard lock(sending_);
    if (client_.write(make(), over_.get_token())) return true;
    over_.request_stop();
    return false;
  }

  http::Connection& client_;
  const std::function<Result<UniqueFd>(std::uint16_t)>& dial_;
  std::stop_source over_;
  std::stop_callback<std::function<void()>> chain_;
  int stop_fd_ = -1;
  std::mutex sending_;
  spdy::Decoder decoder_;
  spdy::Encoder encoder_;
  std::map<std::string, std::unique_ptr<Pair>> pairs_;  // by request id; the listening thread's
  std::mutex ended_mutex_;
  std::vector<std::uint32_t> ended_;  // data streams; under ended_mutex_
};

}  // namespace

Result<UniqueFd> dial_in(const std::string& netns, std::uint16_t port) {
  std::optional<net::ScopedNamespace> inside;
  if (!netns.empty()) {
    const auto fd = NODAL_TRY(net::open_namespace(netns));
    inside.emplace(NODAL_TRY(net::ScopedNamespace::enter(fd.get())));
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto connected = dial(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  if (connected) return connected;
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  auto other = dial(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  return other ? std::move(other) : std::move(connected);
}

ForwardHandshake shake_hands_for_ports(const http::Request& request) {
  ForwardHandshake out;
  const auto refuse = [](int status, std::string_view message) {
    return ForwardHandshake{status, {}, std::string(message), false};
  };
  const auto offers = [&](std::string_view header, std::string_view protocol) {
    const auto all = listed(request, header);
    return std::ranges::find(all, protocol) != all.end();
  };
  if (wants_upgrade(request, "websocket")) {
    constexpr std::string_view kTunnel = "SPDY/3.1+portforward.k8s.io";
    if (!offers("Sec-WebSocket-Protocol", kTunnel))
      return refuse(403, text::cat("no protocol in common; spoken is ", kTunnel));
    auto headers = websocket_answer(request, kTunnel);
    if (!headers) return refuse(400, "not a WebSocket handshake of version 13");
    out.headers = std::move(*headers);
    out.in_websocket = true;
    return out;
  }
  if (!wants_upgrade(request, "SPDY/3.1"))
    return refuse(400, "unable to upgrade: SPDY/3.1 or WebSocket is needed in the Upgrade header");
  if (!offers("X-Stream-Protocol-Version", "portforward.k8s.io"))
    return refuse(403, "no protocol in common; spoken is portforward.k8s.io");
  out.headers = {{"Connection", "Upgrade"},
                 {"Upgrade", "SPDY/3.1"},
                 {"X-Stream-Protocol-Version", "portforward.k8s.io"}};
  return out;
}

void forward_ports(http::Connection& client,
                   const std::function<Result<UniqueFd>(std::uint16_t port)>& dial,
                   std::stop_token stop) {
  Forwarder(client, dial, std::move(stop)).run();
}

}  // namespace nodal::agent
