// proxy/host/local_network.h — what the proxy needs of the host itself: forwarding, the DNS
// address, a way to the Services.
#pragma once

#include <vector>

#include "base/net/address.h"
#include "base/result.h"

namespace nodal::proxy {

/// Idempotent; all of it can be taken back.
/// Privilege: CAP_NET_ADMIN in the network namespace of the calling thread.
class LocalNetwork {
 public:
  /// Lets the kernel forward between pods and the outside (net.ipv4.ip_forward, and IPv6's when
  /// there are IPv6 ranges).
  static Result<> enable_forwarding(bool ipv6);
  /// Puts the addresses on lo (/32, /128), so that DNS can answer on them without a translation.
  static Result<> add_addresses(const std::vector<net::IpAddress>& addresses);
  /// A route to the Services' range, for hosts that have no default route: without one a process of
  /// the host could not even begin to connect. Its packets are translated before they leave.
  /// @param source  the node's own address
  static Result<> add_service_route(const net::Cidr& services, const net::IpAddress& source);
  static Result<> remove(const std::vector<net::IpAddress>& addresses, const net::Cidr& services);
};

}  // namespace nodal::proxy
