// agent/serve/command_protocol.cc — see command_protocol.h.
#include "agent/serve/command_protocol.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "base/stream/spdy.h"
#include "base/stream/websocket.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

namespace json = boost::json;
using Output = ProcessStreams::Output;

constexpr std::size_t kResizeLimit = 1024;   // bytes of a message about the terminal's size
constexpr std::uint32_t kProtocolError = 1;  // RST_STREAM

std::optional<Resize> parse_resize(std::string_view text) {
  boost::system::error_code error;
  const auto value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  const auto number = [&](const char* key) {
    const auto* n = value.get_object().if_contains(key);
    return n && n->is_int64() && n->get_int64() > 0 && n->get_int64() < 65536
               ? static_cast<int>(n->get_int64())
               : 0;
  };
  const Resize out{number("Width"), number("Height")};
  return out.width > 0 && out.height > 0 ? std::optional(out) : std::nullopt;
}

/// Streams with names in their headers; an end is a frame's FIN.
class SpdyCommand final : public CommandProtocol {
 public:
  SpdyCommand(const WantedStreams& wanted, bool with_status) : with_status_(with_status) {
    missing_ = 1 + wanted.input + wanted.output + (wanted.error && !wanted.tty) + wanted.tty;
  }

  Result<> receive(std::string_view bytes, std::vector<CommandEvent>& events,
                   std::string& reply) override {
    bool over = false;
    NODAL_TRY(decoder_.feed(bytes, [&](const spdy::Frame& frame) {
      if (const auto* open = std::get_if<spdy::Open>(&frame)) return opened(*open, events, reply);
      if (const auto* data = std::get_if<spdy::Data>(&frame)) return heard(*data, events);
      if (const auto* ping = std::get_if<spdy::Ping>(&frame)) {
        if (ping->id % 2 == 1) reply += spdy::Encoder::ping(ping->id);  // theirs are odd
      } else if (std::holds_alternative<spdy::GoAway>(frame)) {
        over = true;
      }
    }));
    if (over) return fail(Errc::unavailable, "the client goes away");
    return {};
  }

  [[nodiscard]] bool is_open() const override { return missing_ <= 0; }

  std::string output(Output from, std::string_view bytes) override {
    const auto it = ids_.find(from == Output::error ? "stderr" : "stdout");
    return it == ids_.end() ? std::string() : spdy::Encoder::data(it->second, bytes, false);
  }

  std::string finish(const CommandEnd& end) override {
    std::string out;
    for (const char* name : {"stdout", "stderr"})
      if (const auto it = ids_.find(name); it != ids_.end())
        out += spdy::Encoder::data(it->second, "", true);
    if (const auto it = ids_.find("error"); it != ids_.end()) {
      const auto said = with_status_ ? status_of(end)
                        : !end.failure.empty() || end.exit_code == 0
                            ? end.failure
                            : text::cat("command terminated with exit code ", end.exit_code);
      out += spdy::Encoder::data(it->second, said, true);
    }
    return out;
  }

 private:
  void opened(const spdy::Open& open, std::vector<CommandEvent>& events, std::string& reply) {
    static constexpr std::array<std::string_view, 5> kNames = {"error", "stdin", "stdout", "stderr",
                                                               "resize"};
    const auto name = spdy::header(open.headers, "streamtype");
    if (std::ranges::find(kNames, name) == kNames.end() ||
        !ids_.emplace(std::string(name), open.id).second) {
      reply += spdy::Encoder::reset(open.id, kProtocolError);
      return;
    }
    --missing_;
    reply += encoder_.reply(open.id);
    if (name == "stdin" && open.end) events.emplace_back(InputEnd{});
  }

  void heard(const spdy::Data& data, std::vector<CommandEvent>& events) {
    const auto is = [&](const char* name) {
      const auto it = ids_.find(name);
      return it != ids_.end() && it->second == data.id;
    };
    if (is("stdin")) {
      if (!data.bytes.empty()) events.emplace_back(Input{std::string(data.bytes)});
      if (data.end) events.emplace_back(InputEnd{});
    } else if (is("resize")) {
      resize_ += data.bytes;
      for (std::size_t end = 0; (end = resize_.find('}')) != std::string::npos;
           resize_.erase(0, end + 1))
        if (const auto size = parse_resize(std::string_view(resize_).substr(0, end + 1)))
          events.emplace_back(*size);
      if (resize_.size() > kResizeLimit) resize_.clear();
    }
  }

  const bool with_status_;
  int missing_ = 0;
  spdy::Decoder decoder_;
  spdy::Encoder encoder_;
  std::map<std::string, std::uint32_t, std::less<>> ids_;  // by stream type
  std::string resize_;
};

/// Messages whose first byte names the channel.
class WebSocketCommand final : public CommandProtocol {
 public:
  enum Channel : std::uint8_t {
    kStdin = 0,
    kStdout = 1,
    kStderr = 2,
    kError = 3,
    kResize = 4,
    kClose = 255
  };

  WebSocketCommand(const WantedStreams& wanted, bool with_status)
      : wanted_(wanted), with_status_(with_status) {}

  Result<> receive(std::string_view bytes, std::vector<CommandEvent>& events,
                   std::string& reply) override {
    bool over = false;
    NODAL_TRY(decoder_.feed(bytes, [&](const websocket::Message& message) {
      using websocket::Opcode;
      if (message.opcode == Opcode::ping) {
        reply += websocket::encode(Opcode::pong, message.bytes);
      } else if (message.opcode == Opcode::close) {
        if (!finished_) reply += websocket::encode(Opcode::close, message.bytes);
        over = true;
      } else if (message.opcode != Opcode::pong && !message.bytes.empty()) {
        heard(static_cast<std::uint8_t>(message.bytes[0]), message.bytes.substr(1), events);
      }
    }));
    if (over) return fail(Errc::unavailable, "the client has closed the connection");
    return {};
  }

  [[nodiscard]] bool is_open() const override { return true; }

  std::string output(Output from, std::string_view bytes) override {
    const bool error = from == Output::error;
    if (!(error ? wanted_.error : wanted_.output)) return {};
    return message(error ? kStderr : kStdout, bytes);
  }

  std::string finish(const CommandEnd& end) override {
    finished_ = true;
    const auto said = with_status_ ? status_of(end) : end.failure;
    return (said.empty() ? std::string() : message(kError, said)) +
           websocket::encode(websocket::Opcode::close,
                             websocket::close_payload(websocket::kNormal));
  }

 private:
  static std::string message(Channel channel, std::string_view bytes) {
    return websocket::encode(websocket::Opcode::binary,
                             text::cat(static_cast<char>(channel), bytes));
  }

  static void heard(std::uint8_t channel, std::string_view bytes,
                    std::vector<CommandEvent>& events) {
    if (channel == kStdin) {
      if (!bytes.empty()) events.emplace_back(Input{std::string(bytes)});
    } else if (channel == kResize && bytes.size() <= kResizeLimit) {
      if (const auto size = parse_resize(bytes)) events.emplace_back(*size);
    } else if (channel == kClose && !bytes.empty() && bytes[0] == kStdin) {
      events.emplace_back(InputEnd{});
    }
  }

  const WantedStreams wanted_;
  const bool with_status_;
  bool finished_ = false;
  websocket::Decoder decoder_{websocket::Decoder::From::client};
};

Handshake refuse(int status, std::string_view message) {
  return {status, {}, std::string(message), nullptr};
}

// The first of ours, the best first, that the client offers.
template <std::size_t N>
std::optional<std::string_view> choose(const std::array<std::string_view, N>& ours,
                                       const std::vector<std::string>& offered) {
  for (const auto protocol : ours)
    if (std::ranges::find(offered, protocol) != offered.end()) return protocol;
  return std::nullopt;
}

constexpr std::array<std::string_view, 5> kSpdyProtocols = {
    "v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io",
    "channel.k8s.io"};
constexpr std::array<std::string_view, 3> kWebSocketProtocols = {
    "v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"};

bool has_status(std::string_view protocol) {
  return protocol.starts_with("v5.") || protocol.starts_with("v4.");
}

}  // namespace

Handshake shake_hands(const http::Request& request, const WantedStreams& wanted) {
  Handshake out;
  if (wants_upgrade(request, "websocket")) {
    const auto protocol = choose(kWebSocketProtocols, listed(request, "Sec-WebSocket-Protocol"));
    if (!protocol)
      return refuse(403, text::cat("no protocol in common; these are spoken: ",
                                   kWebSocketProtocols[0], ", ", kWebSocketProtocols[1]));
    auto headers = websocket_answer(request, *protocol);
    if (!headers) return refuse(400, "not a WebSocket handshake of version 13");
    out.headers = std::move(*headers);
    out.protocol = std::make_unique<WebSocketCommand>(wanted, has_status(*protocol));
    return out;
  }
  if (!wants_upgrade(request, "SPDY/3.1"))
    return refuse(400, "unable to upgrade: SPDY/3.1 or WebSocket is needed in the Upgrade header");
  const auto protocol = choose(kSpdyProtocols, listed(request, "X-Stream-Protocol-Version"));
  if (!protocol) {
    out = refuse(403, "no protocol in common");
    for (const auto ours : kSpdyProtocols)
      out.headers.add("X-Accepted-Stream-Protocol-Versions", ours);
    return out;
  }
  out.headers = {{"Connection", "Upgrade"},
                 {"Upgrade", "SPDY/3.1"},
                 {"X-Stream-Protocol-Version", std::string(*protocol)}};
  out.protocol = std::make_unique<SpdyCommand>(wanted, has_status(*protocol));
  return out;
}

std::string status_of(const CommandEnd& end) {
  if (end.failure.empty() && end.exit_code == 0) return R"({"metadata":{},"status":"Success"})";
  json::object out{{"metadata", json::object{}}, {"status", "Failure"}};
  if (!end.failure.empty()) {
    out["message"] = end.failure;
    out["reason"] = "InternalError";
    out["details"] = json::object{{"causes", json::array{json::object{{"message", end.failure}}}}};
    out["code"] = 500;
  } else {
    const auto code = std::to_string(end.exit_code);
    out["message"] = text::cat("command terminated with non-zero exit code: exit code ", code);
    out["reason"] = "NonZeroExitCode";
    out["details"] = json::object{
        {"causes", json::array{json::object{{"reason", "ExitCode"}, {"message", code}}}}};
  }
  return json::serialize(out);
}

}  // namespace nodal::agent
