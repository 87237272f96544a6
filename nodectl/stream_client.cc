// nodectl/stream_client.cc — see stream_client.h.
#include "nodectl/stream_client.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "api-client/client/http_transport.h"
#include "api-client/client/kubeconfig.h"
#include "api-client/codec/codec.h"
#include "base/loop/stop.h"
#include "base/stream/spdy.h"
#include "base/stream/websocket.h"
#include "base/stream/websocket_connection.h"
#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

constexpr std::size_t kPiece = 32u << 10, kLongestStatus = 1u << 20;
// Channels of v5.channel.k8s.io.
constexpr char kStdin = 0, kStdout = 1, kStderr = 2, kError = 3, kResize = 4, kClose = '\xff';

/// The terminal passes every key on while this lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    set_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (set_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool set_ = false;
};

bool put(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n <= 0 && errno != EINTR) return false;  // nobody reads us
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

class Conversation {
 public:
  Conversation(http::Connection& connection, bool input, bool tty, bool redraw, Ends ends)
      : connection_(connection), input_(input), tty_(tty), redraw_(redraw), ends_(ends) {}

  Result<int> run() {
    std::optional<RawTerminal> raw;
    if (tty_ && ::isatty(STDIN_FILENO) != 0) raw.emplace();
    std::optional<std::jthread> sender;
    if (input_ || tty_) sender.emplace([this] { send_all(); });
    auto heard = listen();
    over_.request_stop();
    sender.reset();
    NODAL_TRY(heard);
    if (status_.empty()) return fail(Errc::unavailable, "the connection to the command was lost");
    return exit_code_of(status_);
  }

 private:
  Result<> send(websocket::Opcode opcode, std::string_view bytes) {
    const std::lock_guard lock(sending_);
    return connection_.write(websocket::encode_masked(opcode, bytes, websocket::fresh_mask()),
                             over_.get_token());
  }

  Result<> listen() {
    websocket::Decoder decoder(websocket::Decoder::From::server, 16u << 20);
    std::vector<char> buffer(kPiece);
    bool closed = false;
    while (!closed) {
      const std::size_t n = NODAL_TRY(connection_.read(buffer.data(), buffer.size(), {}));
      if (n == 0) return {};
      NODAL_TRY(decoder.feed({buffer.data(), n}, [&](const websocket::Message& message) {
        using websocket::Opcode;
        if (message.opcode == Opcode::ping) {
          static_cast<void>(send(Opcode::pong, message.bytes));
        } else if (message.opcode == Opcode::close) {
          static_cast<void>(send(Opcode::close, message.bytes));
          closed = true;
        } else if (message.opcode != Opcode::pong && !message.bytes.empty()) {
          closed = !hear(message.bytes[0], message.bytes.substr(1)) || closed;
        }
      }));
    }
    return {};
  }

  bool hear(char channel, std::string_view bytes) {
    if (channel == kStdout) return put(ends_.out, bytes);
    if (channel == kStderr) return put(ends_.err, bytes);
    if (channel == kError && status_.size() < kLongestStatus) status_ += bytes;
    return true;
  }

  // Keys, and the terminal's size whenever it changes.
  void send_all() {
    sigset_t resized;
    sigemptyset(&resized);
    sigaddset(&resized, SIGWINCH);
    const UniqueFd winch(tty_ ? ::signalfd(-1, &resized, SFD_CLOEXEC | SFD_NONBLOCK) : -1);
    const StopFd stop(over_.get_token());
    if (tty_ && redraw_) send_size(1);
    if (tty_) send_size();
    bool more = input_;
    std::vector<char> buffer(kPiece);
    while (true) {
      pollfd fds[] = {
          {more ? ends_.in : -1, POLLIN, 0}, {winch.get(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
      if (::poll(fds, 3, -1) < 0 && errno != EINTR) return;
      if (fds[2].revents != 0) return;
      if (fds[1].revents != 0) {
        signalfd_siginfo info;
        while (::read(winch.get(), &info, sizeof info) > 0) {
        }
        send_size();
      }
      if (fds[0].revents == 0) continue;
      const auto n = ::read(ends_.in, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      more = n > 0;
      const auto message =
          more ? text::cat(kStdin, std::string_view(buffer.data(), static_cast<std::size_t>(n)))
               : text::cat(kClose, kStdin);
      if (!send(websocket::Opcode::binary, message)) return;
    }
  }

  void send_size(unsigned more = 0) {
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return;
    static_cast<void>(
        send(websocket::Opcode::binary, text::cat(kResize, R"({"Width":)", size.ws_col + more,
                                                  R"(,"Height":)", size.ws_row + more, "}")));
  }

  http::Connection& connection_;
  const bool input_, tty_, redraw_;
  const Ends ends_;
  std::stop_source over_;
  std::mutex sending_;
  std::string status_;
};

}  // namespace

Result<std::unique_ptr<http::Connection>> open_websocket(const Globals& globals,
                                                         const std::string& path,
                                                         const std::string& protocol) {
  const auto access = NODAL_TRY(client::load_kubeconfig(globals.kubeconfig, globals.context));
  std::string key;
  std::random_device random;
  for (int i = 0; i < 16; ++i) key += static_cast<char>(random());
  key = text::base64(key);
  http::Request request;
  request.target = path;
  request.headers = {{"Connection", "Upgrade"},
                     {"Upgrade", "websocket"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", key},
                     {"Sec-WebSocket-Protocol", protocol}};
  auto answer = NODAL_TRY(client::HttpTransport(access).upgrade(request, {}));
  if (!answer.connection) {
    const auto said = answer.response.text();
    const auto document = codec::parse(said);
    const auto message = document ? text_at(*document, "message") : std::string();
    return fail(answer.response.status == 404 ? Errc::not_found : Errc::invalid,
                message.empty() ? std::string(text::trim(said)) : message);
  }
  if (answer.response.headers.get("Sec-WebSocket-Accept") != websocket::accept_of(key) ||
      answer.response.headers.get("Sec-WebSocket-Protocol") != protocol)
    return fail(Errc::invalid, text::cat("the server does not speak ", protocol));
  return std::move(answer.connection);
}

Result<int> converse(http::Connection& connection, bool input, bool tty, bool redraw, Ends ends) {
  sigset_t resized;
  sigemptyset(&resized);
  sigaddset(&resized, SIGWINCH);
  ::pthread_sigmask(SIG_BLOCK, &resized, nullptr);  // the sender reads it
  return Conversation(connection, input, tty, redraw, ends).run();
}

Result<int> exit_code_of(std::string_view status) {
  const auto document = NODAL_TRY(codec::parse(status));
  if (text_at(document, "status") == "Success") return 0;
  if (text_at(document, "reason") == "NonZeroExitCode") {
    for (const auto& cause : list_at(document, "details.causes"))
      if (text_at(cause, "reason") == "ExitCode")
        if (const auto code = text::number<int>(text_at(cause, "message"))) return *code;
  }
  return fail(Errc::internal, text_at(document, "message"));
}

Result<> forward(std::unique_ptr<http::Connection> tunnel, int socket, std::uint16_t port) {
  websocket::StreamConnection connection(std::move(tunnel), websocket::Decoder::From::server);
  constexpr std::uint32_t kErrorStream = 1, kDataStream = 3;
  spdy::Encoder encoder;
  spdy::Decoder decoder;
  std::mutex sending;
  const std::stop_source over;
  const auto send = [&](std::string_view bytes) {
    const std::lock_guard lock(sending);
    return connection.write(bytes, over.get_token()).has_value();
  };
  const auto headers = [&](const char* type) {
    return spdy::Headers{{"streamtype", type}, {"port", std::to_string(port)}, {"requestid", "0"}};
  };
  std::string opening = encoder.open(kErrorStream, headers("error"), true);
  opening += encoder.open(kDataStream, headers("data"), false);
  if (!send(opening)) return fail(Errc::unavailable, "the server has closed the connection");
  // The local program speaks on a thread of its own.
  const std::jthread upward([&] {
    std::vector<char> buffer(kPiece);
    while (true) {
      const auto n = ::recv(socket, buffer.data(), buffer.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      const std::string_view bytes(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
      if (!send(spdy::Encoder::data(kDataStream, bytes, n <= 0)) || n <= 0) return;
    }
  });
  std::string problem;
  bool ended = false;
  std::vector<char> buffer(kPiece);
  while (!ended) {
    const auto n = connection.read(buffer.data(), buffer.size(), {});
    if (!n || *n == 0) break;
    const auto fed = decoder.feed({buffer.data(), *n}, [&](const spdy::Frame& frame) {
      if (const auto* data = std::get_if<spdy::Data>(&frame)) {
        if (data->id == kErrorStream) problem += data->bytes;
        if (data->id == kDataStream) put(socket, data->bytes);
        ended = ended || (data->id == kDataStream && data->end);
      } else if (const auto* ping = std::get_if<spdy::Ping>(&frame)) {
        if (ping->id % 2 == 0) send(spdy::Encoder::ping(ping->id));  // the server's are even
      }
    });
    if (!fed) break;
  }
  ::shutdown(socket, SHUT_RDWR);  // ends the thread
  if (!problem.empty()) return fail(Errc::unavailable, problem);
  return {};
}

}  // namespace nodal::nodectl
