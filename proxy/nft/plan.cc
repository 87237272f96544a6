// proxy/nft/plan.cc — one Service → its elements, and the difference of two such sets.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "proxy/nft/ruleset.h"

namespace nodal::proxy::nft {
namespace {

using Backends = std::vector<net::SocketAddress>;

bool fits(const net::IpAddress& ip, Family family) { return ip.is_v6() == (family == Family::ip6); }

template <class Usable>
Backends select(const ServicePort& port, Family family, TrafficPolicy policy, Usable usable) {
  Backends out;
  for (const auto& endpoint : port.endpoints) {
    if (!fits(endpoint.address.ip, family) || !usable(endpoint)) continue;
    if (policy == TrafficPolicy::local && !endpoint.local) continue;
    if (out.size() == kMostEndpoints) break;
    out.push_back(endpoint.address);
  }
  return out;
}

Backends usable(const ServicePort& port, Family family, TrafficPolicy policy) {
  auto out = select(port, family, policy, [](const Endpoint& e) { return e.ready; });
  if (out.empty())
    out =
        select(port, family, policy, [](const Endpoint& e) { return e.serving && e.terminating; });
  return out;
}

Verdict refusal(const ServicePort& port, Family family, TrafficPolicy policy) {
  const bool elsewhere =
      policy == TrafficPolicy::local && !usable(port, family, TrafficPolicy::cluster).empty();
  return {elsewhere ? Verdict::Kind::drop : Verdict::Kind::reject, 0};
}

void add_backends(Elements& out, Key key, const Backends& backends) {
  for (std::size_t i = 0; i < backends.size(); ++i) {
    key.slot = static_cast<std::uint16_t>(i);
    out.emplace(key, backends[i]);
  }
}

void add_frontend(Elements& out, const net::IpAddress& address, const ServicePort& port,
                  Family family, TrafficPolicy policy, bool sticky) {
  const Backends backends = usable(port, family, policy);
  Key key{Map::services, port.protocol, address, port.port, 0};
  if (backends.empty()) {
    key.map = Map::no_endpoints;
    out.emplace(key, refusal(port, family, policy));
    return;
  }
  out.emplace(key, Verdict{sticky ? Verdict::Kind::hash : Verdict::Kind::pick,
                           static_cast<std::uint16_t>(backends.size())});
  key.map = Map::endpoints;
  add_backends(out, key, backends);
}

void add_node_port(Elements& out, const ServicePort& port, Family family, TrafficPolicy policy,
                   bool sticky) {
  const Backends backends = usable(port, family, policy);
  Key key{Map::node_ports, port.protocol, {}, port.node_port, 0};
  if (family == Family::ip6) key.address = net::IpAddress::v6({});
  if (backends.empty()) {
    key.map = Map::no_endpoint_ports;
    out.emplace(key, refusal(port, family, policy));
    return;
  }
  out.emplace(key, Verdict{sticky ? Verdict::Kind::node_hash : Verdict::Kind::node_pick,
                           static_cast<std::uint16_t>(backends.size())});
  key.map = Map::node_endpoints;
  add_backends(out, key, backends);
}

}  // namespace

Elements plan(const ServiceEntry& service, Family family) {
  Elements out;
  if (!is_programmed(service)) return out;
  const bool sticky = service.affinity_seconds != 0;
  const bool has_family =
      std::ranges::any_of(service.cluster_ips, [&](const auto& ip) { return fits(ip, family); });
  for (const auto& port : service.ports) {
    for (const auto& ip : service.cluster_ips)
      if (fits(ip, family)) add_frontend(out, ip, port, family, service.internal_policy, sticky);
    for (const auto* list : {&service.external_ips, &service.load_balancer_ips})
      for (const auto& ip : *list)
        if (fits(ip, family)) add_frontend(out, ip, port, family, service.external_policy, sticky);
    if (port.node_port != 0 && has_family)
      add_node_port(out, port, family, service.external_policy, sticky);
  }
  Elements hairpin;
  for (const auto& [key, value] : out)
    if (const auto* backend = std::get_if<net::SocketAddress>(&value))
      hairpin.emplace(Key{Map::hairpin, Protocol::tcp, backend->ip, 0, 0}, std::monostate{});
  out.merge(hairpin);
  return out;
}

Transaction diff(const Elements& have, const Elements& want) {
  Transaction out;
  for (const auto& [key, value] : have) {
    const auto it = want.find(key);
    if (it == want.end() || it->second != value) out.remove.emplace(key, value);
  }
  for (const auto& [key, value] : want) {
    const auto it = have.find(key);
    if (it == have.end() || it->second != value) out.add.emplace(key, value);
  }
  return out;
}

}  // namespace nodal::proxy::nft
