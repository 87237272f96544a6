// agent/probe/grpc_health.h — asks a server of grpc.health.v1 over plain HTTP/2.
#pragma once

#include <chrono>
#include <string_view>

#include "agent/probe/outcome.h"
#include "base/net/address.h"

namespace nodal::agent {

/// One Check on a connection of its own; without TLS, as kubelet does. Reads at most 256 KiB
/// (SECURITY 18).
/// @source KEP-2727; grpc.health.v1
ProbeOutcome check_grpc_health(const net::SocketAddress& at, std::string_view service,
                               std::chrono::seconds timeout);

}  // namespace nodal::agent
