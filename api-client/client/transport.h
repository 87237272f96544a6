// api-client/client/transport.h — how a Client reaches an API server: over the network, or in
// process.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

#include "base/http/message.h"
#include "base/result.h"

namespace nodal::client {

/// Thread-safe. Targets are paths ("/api/v1/pods?limit=5"); credentials are the transport's
/// business.
class Transport {
 public:
  virtual ~Transport() = default;
  /// The whole answer; every HTTP status is a success.
  virtual Result<http::Response> send(const http::Request& request, std::stop_token stop) = 0;
  /// Streams a 200's body to `sink` until it ends, `sink` answers false, or `stop`. Other answers
  /// are returned whole.
  virtual Result<http::Response> stream(const http::Request& request,
                                        const std::function<bool(std::string_view)>& sink,
                                        std::stop_token stop) = 0;
};

}  // namespace nodal::client
