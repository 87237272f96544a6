// base/netlink/conntrack.h — the kernel's table of tracked connections.
#pragma once

#include <cstdint>
#include <functional>

#include "base/net/address.h"
#include "base/result.h"

namespace nodal::netlink {

/// A flow: where its sender writes to, and who answers; another when it was translated.
struct TrackedFlow {
  std::uint8_t protocol = 0;  ///< IPPROTO_UDP, …
  net::SocketAddress to;      ///< of the sender's packets, before translation
  net::SocketAddress by;      ///< who answers
};

/// Removes the flows of this network namespace that `forget` chooses, so that their next packet is
/// looked at anew. Reads the table once; answers how many were removed. Privilege: CAP_NET_ADMIN.
/// @errors forbidden; unavailable when the kernel tracks no connections
Result<int> forget_flows(std::uint8_t protocol,
                         const std::function<bool(const TrackedFlow&)>& forget);

}  // namespace nodal::netlink
