// proxy/udp_flows.h — which tracked UDP flows lead where no Service would send them now. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "proxy/synced.h"

namespace nodal::proxy {

/// UDP has no end of a connection: the flow of a client that keeps sending from one port goes on to
/// the endpoint that its first packet found, or to none when it began before the Service did.
class UdpFlows {
 public:
  explicit UdpFlows(const NodeView& node) : node_(node) {}
  /// Its frontends, and who answers there.
  void add(const ServiceEntry& service);
  /// Its frontends: who answered there answers no more, unless another Service adds it.
  void add_former(const ServiceEntry& service);

  /// @param to  where the client sends
  /// @param by  who answers
  [[nodiscard]] bool is_stale(const net::SocketAddress& to, const net::SocketAddress& by) const;

 private:
  friend std::optional<UdpFlows> udp_flows(const Synced& synced);
  using Answerers = std::set<net::SocketAddress>;
  struct Frontends {
    std::map<net::SocketAddress, Answerers> addresses;
    std::map<std::uint16_t, Answerers> node_ports;
  };
  static Frontends frontends_of(const ServiceEntry& service);
  static bool may_leave_stale(const ServiceEntry* before, const ServiceEntry* after);

  NodeView node_;
  Frontends frontends_;
  std::set<net::IpAddress> others_;  // another proxy's cluster IPs: its flows are not ours
};

/// What to look for after that sync; nothing when no flow can have become stale.
[[nodiscard]] std::optional<UdpFlows> udp_flows(const Synced& synced);

}  // namespace nodal::proxy
