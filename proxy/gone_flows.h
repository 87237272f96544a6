// proxy/gone_flows.h — which UDP flows still lead to an endpoint that a Service has lost. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "proxy/service_snapshot.h"

namespace nodal::proxy {

/// Flows to a Service's port that one endpoint answers. UDP has no end of a connection: a client
/// that keeps sending from one port would go on to the endpoint that its first packet found.
struct GoneFlows {
  std::set<net::IpAddress> service_ips;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;  ///< 0 none
  net::SocketAddress endpoint;

  /// @param to  where the client sends
  /// @param by  who answers
  [[nodiscard]] bool contains(const net::SocketAddress& to, const net::SocketAddress& by) const {
    return by == endpoint && ((to.port == port && service_ips.contains(to.ip)) ||
                              (node_port != 0 && to.port == node_port && to.ip != by.ip));
  }
  bool operator==(const GoneFlows&) const = default;
};

/// @param before  what was programmed; null for nothing
/// @param after   what is programmed now; null when the Service is gone
[[nodiscard]] std::vector<GoneFlows> gone_udp_flows(const ServiceEntry* before,
                                                    const ServiceEntry* after);

}  // namespace nodal::proxy
