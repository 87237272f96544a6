// cni/ipam/range.h — which address is next. Pure.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/net/address.h"

namespace nodal::cni::ipam {

/// The subnet's first address: every pod's gateway.
[[nodiscard]] net::IpAddress gateway(const net::Cidr& subnet);

/// The next free address after `last`, around the subnet: a released address rests as long as
/// possible. Never the network, gateway or broadcast address.
[[nodiscard]] std::optional<net::IpAddress> next_free(
    const net::Cidr& subnet, std::optional<net::IpAddress> last,
    const std::function<bool(const net::IpAddress&)>& taken);

}  // namespace nodal::cni::ipam
