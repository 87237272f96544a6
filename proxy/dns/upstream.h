// proxy/dns/upstream.h — one question to the upstream servers.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "proxy/dns/asio.h"
#include "proxy/dns/message.h"
#include "proxy/dns/upstream_health.h"

namespace nodal::proxy::dns {

/// Asks the servers in the order of their health, 1.5 s each, twice around: over UDP from a fresh
/// port each try, over TCP when the answer was cut off. One that fails or refuses has the next one
/// asked. What `io`, `servers` and `health` are outlives the question; all of it is on io's thread.
/// @errors unavailable: none answers
void ask_upstream(asio::io_context& io, const std::vector<net::SocketAddress>& servers,
                  UpstreamHealth& health, Question question,
                  std::function<void(Result<Message>)> done);

}  // namespace nodal::proxy::dns
