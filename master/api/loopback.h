// master/api/loopback.h — the client's Transport that calls the API in process: same router, same
// rules, no socket.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "api-client/client/transport.h"
#include "master/api/api.h"

namespace nodal::master {

/// Acts as one fixed caller. Thread-safe. The API must outlive it.
class LoopbackTransport final : public client::Transport {
 public:
  LoopbackTransport(Api& api, Caller caller) : api_(api), caller_(std::move(caller)) {}

  Result<http::Response> send(const http::Request& request, std::stop_token stop) override;
  Result<http::Response> stream(const http::Request& request,
                                const std::function<bool(std::string_view)>& sink,
                                std::stop_token stop) override;

 private:
  // A streamed body goes to `sink`, any other comes back whole.
  Result<http::Response> run(const http::Request& request,
                             const std::function<bool(std::string_view)>& sink,
                             std::stop_token stop);

  Api& api_;
  const Caller caller_;
};

}  // namespace nodal::master
