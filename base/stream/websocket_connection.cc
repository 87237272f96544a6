// base/stream/websocket_connection.cc — see websocket_connection.h.
#include "base/stream/websocket_connection.h"

#include <random>
#include <vector>

namespace nodal::websocket {
namespace {

constexpr std::size_t kPiece = 32u << 10;
constexpr std::size_t kLongest = 16u << 20;  // of one message of a stream

}  // namespace

std::uint32_t fresh_mask() {
  thread_local std::mt19937 random{std::random_device{}()};
  return random();
}

StreamConnection::StreamConnection(std::unique_ptr<http::Connection> inner, Decoder::From peer)
    : inner_(std::move(inner)), peer_(peer), decoder_(peer, kLongest) {}

StreamConnection::~StreamConnection() { shutdown_write(); }

Result<std::size_t> StreamConnection::read(char* buffer, std::size_t size, std::stop_token stop) {
  std::vector<char> raw(kPiece);
  while (waiting_.empty() && !ended_) {
    const std::size_t n = NODAL_TRY(inner_->read(raw.data(), raw.size(), stop));
    if (n == 0) ended_ = true;
    NODAL_TRY(decoder_.feed({raw.data(), n}, [&](const Message& message) {
      if (message.opcode == Opcode::ping) {
        static_cast<void>(send(Opcode::pong, message.bytes, stop));
      } else if (message.opcode == Opcode::close) {
        ended_ = true;
      } else if (message.opcode != Opcode::pong) {
        waiting_ += message.bytes;
      }
    }));
  }
  const std::size_t n = waiting_.copy(buffer, size);
  waiting_.erase(0, n);
  return n;
}

Result<> StreamConnection::write(std::string_view bytes, std::stop_token stop) {
  return send(Opcode::binary, bytes, stop);
}

void StreamConnection::shutdown_write() {
  static_cast<void>(send(Opcode::close, close_payload(kNormal), {}));
}

Result<> StreamConnection::send(Opcode opcode, std::string_view bytes,
                                const std::stop_token& stop) {
  const std::lock_guard lock(sending_);
  if (closed_) return fail(Errc::unavailable, "the WebSocket is closed");
  closed_ = opcode == Opcode::close;
  return inner_->write(peer_ == Decoder::From::client ? encode(opcode, bytes)
                                                      : encode_masked(opcode, bytes, fresh_mask()),
                       stop);
}

}  // namespace nodal::websocket
