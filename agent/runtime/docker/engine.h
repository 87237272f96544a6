// agent/runtime/docker/engine.h — the Docker Engine's HTTP API over its socket: versions, verbs,
// errors.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/runtime/docker/reply.h"
#include "base/http/client.h"
#include "base/result.h"

namespace nodal::agent::docker {

/// Speaks the newest API version both sides know, agreed on at the first call and again after the
/// engine was away. Thread-safe.
class Engine {
 public:
  /// @param address  "unix:/var/run/docker.sock"
  explicit Engine(std::string address);

  Result<EngineVersion> version();

  /// One call; the whole answer of a 2xx or 304.
  /// @param path  without the version: "/containers/json?all=1"
  /// @errors unavailable: the engine is away; invalid (400), not_found (404), conflict (409),
  ///         forbidden (401, 403), unavailable (503), internal (the rest): with the engine's
  ///         message
  Result<http::Response> call(std::string_view method, std::string_view path, std::string body = {},
                              std::string_view content_type = "application/json");

  /// A call whose answer may take `timeout`, on a connection of its own.
  Result<http::Response> slow_call(std::string_view method, std::string_view path,
                                   std::chrono::milliseconds timeout, std::string body = {},
                                   std::string_view content_type = "application/json");

  /// Streams the body of a 2xx into `sink` until it ends, `sink` answers false, or `stop`.
  Result<> stream(std::string_view method, std::string_view path, std::string body,
                  http::Headers headers, const std::function<bool(std::string_view)>& sink,
                  std::stop_token stop, std::chrono::milliseconds idle);

  /// A call that becomes a raw connection.
  Result<std::unique_ptr<http::Connection>> upgrade(std::string_view path, std::string body);

  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  Result<std::string> prefix();
  Result<http::Request> request(std::string_view method, std::string_view path, std::string body,
                                std::string_view content_type);
  Error away(Error error);

  std::string address_;
  http::Client client_;
  std::mutex mutex_;
  std::string prefix_;  ///< "/v1.41", empty before the first agreement; guarded by mutex_
};

}  // namespace nodal::agent::docker
