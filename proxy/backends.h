// proxy/backends.h — which endpoints of a Service's port get new flows. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "proxy/service_snapshot.h"

namespace nodal::proxy {

/// The most endpoints of one frontend; further ones are left out (and said in the log).
inline constexpr std::size_t kMostEndpoints = 4096;

/// The ready endpoints of that IP version; when none is ready, those that terminate but still
/// serve. With a Local policy only endpoints of this node count.
/// @source KEP-1669 (terminating endpoints), KEP-2086 (internal traffic policy)
[[nodiscard]] std::vector<net::SocketAddress> backends(const ServicePort& port, bool v6,
                                                       TrafficPolicy policy);

/// Whether the port has more endpoints than are served.
[[nodiscard]] bool has_too_many_endpoints(const ServicePort& port);

}  // namespace nodal::proxy
