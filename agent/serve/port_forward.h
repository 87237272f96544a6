// agent/serve/port_forward.h — TCP connections into a pod, many in one SPDY conversation.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "base/handle.h"
#include "base/http/connection.h"
#include "base/http/message.h"
#include "base/result.h"

namespace nodal::agent {

/// Connects to a port on the loopback interface of a network namespace, IPv4 first, as a process in
/// the pod would.
/// @param netns  its path; "" for the host's
/// @errors unavailable: nobody listens there
Result<UniqueFd> dial_in(const std::string& netns, std::uint16_t port);

/// How to answer a request for port-forward.
struct ForwardHandshake {
  int status = 101;
  http::Headers headers;
  std::string message;        ///< when refused
  bool in_websocket = false;  ///< SPDY bytes come in binary messages
};
[[nodiscard]] ForwardHandshake shake_hands_for_ports(const http::Request& request);

/// Serves the conversation until either side ends it. Blocks; one thread more for each open
/// connection.
/// @param dial  a connected socket to a port of the pod
/// @source Kubernetes' portforward.k8s.io over SPDY/3.1 (REQUIREMENTS 10.5), KEP-4006 for the one
/// in WebSocket
void forward_ports(http::Connection& client,
                   const std::function<Result<UniqueFd>(std::uint16_t port)>& dial,
                   std::stop_token stop);

}  // namespace nodal::agent
