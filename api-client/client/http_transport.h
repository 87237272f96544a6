// api-client/client/http_transport.h — the Transport over the network.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "api-client/client/kubeconfig.h"
#include "api-client/client/transport.h"
#include "base/http/client.h"

namespace nodal::client {

/// HTTP/1.1 over TLS with a client certificate or a bearer token. Thread-safe.
class HttpTransport final : public Transport {
 public:
  /// A watch is told to end after five minutes; one that is silent for longer than that and a
  /// bookmark is dead.
  static constexpr std::chrono::milliseconds kWatchSilence = std::chrono::minutes(6);

  /// @param silence  the longest one of a stream; nothing for streams that people look at: only TCP
  /// keep-alive ends those
  explicit HttpTransport(const ClusterAccess& access,
                         std::optional<std::chrono::milliseconds> silence = kWatchSilence);
  Result<http::Response> send(const http::Request& request, std::stop_token stop) override;
  Result<http::Response> stream(const http::Request& request,
                                const std::function<bool(std::string_view)>& sink,
                                std::stop_token stop) override;
  /// Asks the server to switch protocols.
  Result<http::Upgraded> upgrade(const http::Request& request, std::stop_token stop);
  /// Shows these keys or this token from now on; the server stays. @errors invalid: the old ones
  /// stay
  Result<> reload(const ClusterAccess& access);

 private:
  [[nodiscard]] http::Request authorized(const http::Request& request);

  http::Client client_;
  const std::optional<std::chrono::milliseconds> silence_;
  std::mutex mutex_;
  std::string token_;  // under mutex_
};

}  // namespace nodal::client
