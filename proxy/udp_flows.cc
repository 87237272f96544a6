// proxy/udp_flows.cc — see udp_flows.h.
#include "proxy/udp_flows.h"

#include <algorithm>

#include "proxy/backends.h"

namespace nodal::proxy {
namespace {

// Whether `now` lacks an answerer of `then`, or has a frontend that `then` had not.
template <class Answerers>
bool leaves_stale(const Answerers& then, const Answerers& now) {
  const auto lacks = [](const auto& other) {
    return [&other](const auto& frontend) { return !other.contains(frontend.first); };
  };
  return std::ranges::any_of(now, lacks(then)) ||
         std::ranges::any_of(then, [&](const auto& frontend) {
           const auto it = now.find(frontend.first);
           return it == now.end() || !std::ranges::includes(it->second, frontend.second);
         });
}

}  // namespace

UdpFlows::Frontends UdpFlows::frontends_of(const ServiceEntry& service) {
  Frontends out;
  if (!is_programmed(service)) return out;
  for (const auto& port : service.ports) {
    if (port.protocol != Protocol::udp) continue;
    const auto add = [&](Answerers& to, bool v6, TrafficPolicy policy) {
      const auto found = backends(port, v6, policy);
      to.insert(found.begin(), found.end());
    };
    for (const auto& ip : service.cluster_ips)
      add(out.addresses[{ip, port.port}], ip.is_v6(), service.internal_policy);
    for (const auto* list : {&service.external_ips, &service.load_balancer_ips})
      for (const auto& ip : *list)
        add(out.addresses[{ip, port.port}], ip.is_v6(), service.external_policy);
    if (port.node_port == 0) continue;
    for (const bool v6 : {false, true})
      add(out.node_ports[port.node_port], v6, service.external_policy);
  }
  return out;
}

void UdpFlows::add(const ServiceEntry& service) {
  if (service.other_proxy) others_.insert(service.cluster_ips.begin(), service.cluster_ips.end());
  auto all = frontends_of(service);
  for (auto& [frontend, answerers] : all.addresses) frontends_.addresses[frontend].merge(answerers);
  for (auto& [port, answerers] : all.node_ports) frontends_.node_ports[port].merge(answerers);
}

void UdpFlows::add_former(const ServiceEntry& service) {
  const auto all = frontends_of(service);
  for (const auto& [frontend, answerers] : all.addresses)
    frontends_.addresses.try_emplace(frontend);
  for (const auto& [port, answerers] : all.node_ports) frontends_.node_ports.try_emplace(port);
}

bool UdpFlows::is_stale(const net::SocketAddress& to, const net::SocketAddress& by) const {
  if (others_.contains(to.ip)) return false;
  if (std::ranges::find(node_.addresses, to.ip) != node_.addresses.end()) {
    const auto it = frontends_.node_ports.find(to.port);
    return it != frontends_.node_ports.end() && !it->second.contains(by);
  }
  if (const auto it = frontends_.addresses.find(to); it != frontends_.addresses.end())
    return !it->second.contains(by);
  // To a Service that went while nobody looked: only what was translated is ours.
  return to != by && std::ranges::any_of(node_.service_cidrs, [&](const net::Cidr& range) {
           return range.contains(to.ip);
         });
}

bool UdpFlows::may_leave_stale(const ServiceEntry* before, const ServiceEntry* after) {
  const auto then = before ? frontends_of(*before) : Frontends{};
  const auto now = after ? frontends_of(*after) : Frontends{};
  return leaves_stale(then.addresses, now.addresses) ||
         leaves_stale(then.node_ports, now.node_ports);
}

std::optional<UdpFlows> udp_flows(const Synced& synced) {
  if (!synced.everything && std::ranges::none_of(synced.before, [&](const auto& change) {
        return UdpFlows::may_leave_stale(change.second.get(),
                                         synced.services.find(change.first).get());
      }))
    return std::nullopt;
  UdpFlows out(synced.node);
  for (const auto& [key, before] : synced.before)
    if (before) out.add_former(*before);
  for (const auto& shard : synced.services.shards())
    for (const auto& [key, service] : *shard) out.add(*service);
  return out;
}

}  // namespace nodal::proxy
