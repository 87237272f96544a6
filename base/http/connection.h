// base/http/connection.h — the raw connection behind a 101, on either side of it.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string_view>

#include "base/result.h"

namespace nodal::http {

/// Bytes both ways after an upgrade (SPDY, WebSocket, Docker's attach). One reading and one writing
/// thread at most; destroying it closes it.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Waits for at least one byte, takes at most `size`; 0 at the end.
  /// @errors unavailable: broken, or `stop`
  virtual Result<std::size_t> read(char* buffer, std::size_t size, std::stop_token stop) = 0;
  /// Waits until the peer has taken so much that little is left waiting.
  /// @errors unavailable: the peer is gone, or `stop`
  virtual Result<> write(std::string_view bytes, std::stop_token stop) = 0;
  /// No more bytes of ours: the peer sees their end.
  virtual void shutdown_write() = 0;
};

/// Carries bytes between the two until either ends, then requests `stop`, so that the other
/// direction ends as well. Blocks; runs a second thread for the way back.
void splice(Connection& a, Connection& b, std::stop_source stop);

}  // namespace nodal::http
