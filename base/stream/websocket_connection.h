// base/stream/websocket_connection.h — a byte stream inside the binary messages of a WebSocket.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/http/connection.h"
#include "base/stream/websocket.h"

namespace nodal::websocket {

/// Where one message ends and the next begins means nothing. Pings are answered, a close frame is
/// the end. One reading and one writing thread at most.
class StreamConnection final : public http::Connection {
 public:
  /// @param peer   who is at the other end
  StreamConnection(std::unique_ptr<http::Connection> inner, Decoder::From peer);
  ~StreamConnection() override;

  Result<std::size_t> read(char* buffer, std::size_t size, std::stop_token stop) override;
  Result<> write(std::string_view bytes, std::stop_token stop) override;
  /// Sends a close frame.
  void shutdown_write() override;

 private:
  Result<> send(Opcode opcode, std::string_view bytes, const std::stop_token& stop);

  const std::unique_ptr<http::Connection> inner_;
  const Decoder::From peer_;
  Decoder decoder_;
  std::string waiting_;  // decoded, not yet read
  bool ended_ = false;
  std::mutex sending_;   // answers to pings against write()
  bool closed_ = false;  // under sending_: our close frame is out
};

/// An unpredictable number for encode_masked.
[[nodiscard]] std::uint32_t fresh_mask();

}  // namespace nodal::websocket
