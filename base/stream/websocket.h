// base/stream/websocket.h — WebSocket frames: bytes ↔ messages, no I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

/// A whole message (fragments joined) or a control frame.
struct Message {
  Opcode opcode = Opcode::binary;
  std::string_view bytes;
};

/// Status codes of a close frame.
inline constexpr std::uint16_t kNormal = 1000, kProtocolError = 1002, kTooBig = 1009;

/// Bytes of one direction → messages. Not thread-safe.
/// @source RFC 6455
class Decoder {
 public:
  enum class From { client, server };
  /// @param from   a client's frames must be masked, a server's must not
  /// @param limit  of a message, in bytes
  explicit Decoder(From from, std::size_t limit = 1u << 20) : from_(from), limit_(limit) {}

  /// Calls `sink` with each message.
  /// @errors invalid: against RFC 6455, or over the limit; the connection is then of no more use
  Result<> feed(std::string_view bytes, const std::function<void(const Message&)>& sink);

 private:
  Result<bool> head();
  Result<> frame(const std::function<void(const Message&)>& sink);

  const From from_;
  const std::size_t limit_;
  std::string head_;                 // of the frame that is coming in
  std::optional<std::size_t> left_;  // of its payload, once the head is complete
  std::string payload_;
  std::optional<Opcode> fragmented_;
  std::string message_;  // fragments so far
};

/// A server's frame.
[[nodiscard]] std::string encode(Opcode opcode, std::string_view bytes);
/// A client's frame.
/// @param mask  any unpredictable number
[[nodiscard]] std::string encode_masked(Opcode opcode, std::string_view bytes, std::uint32_t mask);
/// The payload of a close frame.
[[nodiscard]] std::string close_payload(std::uint16_t status, std::string_view reason = "");

/// The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key.
[[nodiscard]] std::string accept_of(std::string_view key);

}  // namespace nodal::websocket
