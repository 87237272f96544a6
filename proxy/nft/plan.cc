// proxy/nft/plan.cc — one Service → its elements, and the difference of two such sets.
#include <algorithm>
#include <set>

#include "proxy/backends.h"
#include "proxy/nft/ruleset.h"

namespace nodal::proxy::nft {
namespace {

using Backends = std::vector<net::SocketAddress>;

bool fits(const net::IpAddress& ip, Family family) { return ip.is_v6() == (family == Family::ip6); }

Backends usable(const ServicePort& port, Family family, TrafficPolicy policy) {
  return backends(port, family == Family::ip6, policy);
}

Verdict refusal(const ServicePort& port, Family family, TrafficPolicy policy) {
  const bool elsewhere =
      policy == TrafficPolicy::local && !usable(port, family, TrafficPolicy::cluster).empty();
  return {elsewhere ? Verdict::Kind::drop : Verdict::Kind::reject, 0};
}

// nft reads an id as a class of traffic, which must have both halves, and all ones mean another
// thing.
EndpointId id_of(const net::SocketAddress& backend, std::set<EndpointId>& taken) {
  for (std::uint32_t salt = 2166136261U;; ++salt) {
    std::uint32_t hash = salt;  // FNV-1a
    const auto mix = [&](unsigned byte) { hash = (hash ^ (byte & 0xff)) * 16777619U; };
    for (std::size_t i = 0; i < backend.ip.size(); ++i) mix(backend.ip.bytes()[i]);
    mix(backend.port >> 8);
    mix(backend.port);
    const EndpointId id{hash | 0x00010001U};
    if (id.value != 0xffffffffU && taken.insert(id).second) return id;
  }
}

struct Maps {
  Map verdicts, refusals, endpoints, slots, known;
  Verdict::Kind pick, sticky;
};
constexpr Maps kServiceMaps{Map::services, Map::no_endpoints,   Map::endpoints,       Map::slots,
                            Map::known,    Verdict::Kind::pick, Verdict::Kind::sticky};
constexpr Maps kNodeMaps{
    Map::node_ports, Map::no_endpoint_ports,   Map::node_endpoints,       Map::node_slots,
    Map::node_known, Verdict::Kind::node_pick, Verdict::Kind::node_sticky};

void add_frontend(Elements& out, const Maps& maps, Key key, const ServicePort& port, Family family,
                  TrafficPolicy policy, std::uint32_t affinity) {
  const Backends found = usable(port, family, policy);
  const auto size = static_cast<std::uint16_t>(found.size());
  key.map = found.empty() ? maps.refusals : maps.verdicts;
  if (found.empty()) {
    out.emplace(key, refusal(port, family, policy));
    return;
  }
  out.emplace(key, affinity != 0 ? Verdict{maps.sticky, size, affinity} : Verdict{maps.pick, size});
  std::set<EndpointId> ids;
  for (std::uint16_t i = 0; i < size; ++i) {
    key.slot = i;
    if (affinity == 0) {
      key.map = maps.endpoints;
      out.emplace(key, found[i]);
      continue;
    }
    const EndpointId id = id_of(found[i], ids);
    key.map = maps.slots;
    out.emplace(key, id);
    key.map = maps.known;
    key.slot = id.value;
    out.emplace(key, found[i]);
  }
}

// Only the sources in the ranges; of another family's ranges none is left, which means nobody.
void limit(Elements& out, Key key, const std::vector<net::Cidr>& ranges, Family family) {
  key.map = Map::limited;
  out.emplace(key, std::monostate{});
  key.map = Map::sources;
  for (const auto& range : outermost(ranges)) {
    if (!fits(range.base(), family)) continue;
    key.range = range.base();
    key.slot = static_cast<std::uint32_t>(range.prefix_length());
    out.emplace(key, std::monostate{});
  }
}

}  // namespace

Elements plan(const ServiceEntry& service, Family family) {
  Elements out;
  if (service.other_proxy)
    for (const auto& ip : service.cluster_ips)
      if (fits(ip, family)) out.emplace(Key{.map = Map::others, .address = ip}, std::monostate{});
  if (!is_programmed(service)) return out;
  bool has_family = false;
  for (const auto& ip : service.cluster_ips) {
    if (!fits(ip, family)) continue;
    has_family = true;
    out.emplace(Key{.map = Map::cluster_ips, .address = ip}, std::monostate{});
  }
  for (const auto& port : service.ports) {
    const auto add = [&](const net::IpAddress& ip, TrafficPolicy policy) {
      if (!fits(ip, family)) return;
      const Key key{.protocol = port.protocol, .address = ip, .port = port.port};
      add_frontend(out, kServiceMaps, key, port, family, policy, service.affinity_seconds);
    };
    for (const auto& ip : service.cluster_ips) add(ip, service.internal_policy);
    for (const auto& ip : service.external_ips) add(ip, service.external_policy);
    for (const auto& ip : service.load_balancer_ips) {
      add(ip, service.external_policy);
      if (const auto& ranges = service.load_balancer_source_ranges; ranges && fits(ip, family))
        limit(out, {.protocol = port.protocol, .address = ip, .port = port.port}, *ranges, family);
    }
    if (port.node_port == 0 || !has_family) continue;
    Key key{.protocol = port.protocol, .port = port.node_port};
    if (family == Family::ip6) key.address = net::IpAddress::v6({});
    add_frontend(out, kNodeMaps, key, port, family, service.external_policy,
                 service.affinity_seconds);
  }
  Elements hairpin;
  for (const auto& [key, value] : out)
    if (const auto* backend = std::get_if<net::SocketAddress>(&value))
      hairpin.emplace(Key{.map = Map::hairpin, .address = backend->ip}, std::monostate{});
  out.merge(hairpin);
  return out;
}

std::vector<net::Cidr> outermost(const std::vector<net::Cidr>& ranges) {
  std::vector<net::Cidr> out;
  for (const auto& range : std::set<net::Cidr>(ranges.begin(), ranges.end()))
    if (std::ranges::none_of(ranges, [&](const net::Cidr& other) {
          return other.prefix_length() < range.prefix_length() && other.contains(range.base());
        }))
      out.push_back(range);
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
