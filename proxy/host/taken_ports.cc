// proxy/host/taken_ports.cc — see taken_ports.h.
#include "proxy/host/taken_ports.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/handle.h"
#include "base/net/kernel_address.h"

namespace nodal::proxy {

std::vector<NewNodePort> new_node_ports(const Synced& synced) {
  std::vector<NewNodePort> out;
  for (const auto& [key, before] : synced.before) {
    const auto now = synced.services.find(key);
    if (!now || !is_programmed(*now)) continue;
    for (const auto& port : now->ports) {
      if (port.node_port == 0) continue;
      const auto same = [&](const ServicePort& other) {
        return other.node_port == port.node_port && other.protocol == port.protocol;
      };
      if (before && is_programmed(*before) && std::ranges::any_of(before->ports, same)) continue;
      out.push_back({port.protocol, port.node_port, key});
    }
  }
  return out;
}

bool is_taken(Protocol protocol, const net::SocketAddress& address) {
  if (protocol == Protocol::sctp) return false;
  const bool tcp = protocol == Protocol::tcp;
  const net::KernelAddress at(address);
  const UniqueFd socket(::socket(at.family(), (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  // Connections that have ended do not count. For UDP it would let two programs share the address.
  const int one = 1;
  if (tcp) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  return ::bind(socket.get(), at.get(), at.size()) != 0 && errno == EADDRINUSE;
}

}  // namespace nodal::proxy
