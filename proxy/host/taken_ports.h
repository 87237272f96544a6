// proxy/host/taken_ports.h — nodePorts that a program of this host listens on already.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "proxy/synced.h"

namespace nodal::proxy {

struct NewNodePort {
  Protocol protocol = Protocol::tcp;
  std::uint16_t port = 0;
  std::string service;  ///< "namespace/name"
  auto operator<=>(const NewNodePort&) const = default;
};

/// The nodePorts that Services have since that sync and had not before. Pure.
[[nodiscard]] std::vector<NewNodePort> new_node_ports(const Synced& synced);

/// Whether a socket of this host would get what is sent there, did no Service take it. False for
/// SCTP. Privilege: none; looks by binding, which takes the address for a moment.
[[nodiscard]] bool is_taken(Protocol protocol, const net::SocketAddress& address);

}  // namespace nodal::proxy
