// proxy/host/taken_ports.cc — see taken_ports.h.
#include "proxy/host/taken_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/handle.h"

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
  const bool tcp = protocol == Protocol::tcp, v6 = address.ip.is_v6();
  const UniqueFd socket(
      ::socket(v6 ? AF_INET6 : AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  // Connections that have ended do not count. For UDP it would let two programs share the address.
  const int one = 1;
  if (tcp) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_storage at{};
  socklen_t size = sizeof(sockaddr_in);
  if (v6) {
    auto& in = reinterpret_cast<sockaddr_in6&>(at);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    std::memcpy(&in.sin6_addr, address.ip.bytes().data(), 16);
    size = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(at);
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    in.sin_addr.s_addr = htonl(address.ip.v4_value());
  }
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 &&
         errno == EADDRINUSE;
}

}  // namespace nodal::proxy
