// proxy/join.cc — see join.h.
#include "proxy/join.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"

namespace nodal::proxy {
namespace {

constexpr std::string_view kServiceName = "kubernetes.io/service-name";
constexpr std::string_view kProxyName = "service.kubernetes.io/service-proxy-name";

bool may_be_endpoint(const net::IpAddress& ip) {
  return !ip.is_loopback() && !ip.is_link_local() && !ip.is_multicast() && !ip.is_unspecified();
}

// The better of two views of one address: ready beats serving beats the rest.
int readiness(const Endpoint& e) {
  return (e.ready ? 4 : 0) + (e.serving ? 2 : 0) + (e.terminating ? 0 : 1);
}

std::vector<net::IpAddress> parse_all(const std::vector<std::string>& texts) {
  std::vector<net::IpAddress> out;
  for (const auto& text : texts)
    if (const auto ip = net::IpAddress::parse(text)) out.push_back(*ip);
  return out;
}

Endpoint make_endpoint(const discovery_v1::Endpoint& from, std::string_view node) {
  Endpoint out;
  out.ready = from.conditions.ready.value_or(true);
  out.serving = from.conditions.serving.value_or(out.ready);
  out.terminating = from.conditions.terminating.value_or(false);
  out.node = from.node_name.value_or("");
  out.local = !out.node.empty() && out.node == node;
  out.zone = from.zone.value_or("");
  out.hostname = from.hostname.value_or("");
  if (from.target_ref && from.target_ref->kind == "Pod")
    out.pod = text::cat(from.target_ref->namespace_, "/", from.target_ref->name);
  if (from.hints)
    for (const auto& zone : from.hints->for_zones) out.hint_zones.push_back(zone.name);
  return out;
}

using ByAddress = std::map<net::SocketAddress, Endpoint>;

void add_best(ByAddress& found, Endpoint endpoint) {
  const auto [it, added] = found.try_emplace(endpoint.address, endpoint);
  if (!added && readiness(it->second) < readiness(endpoint)) it->second = std::move(endpoint);
}

std::vector<Endpoint> values(ByAddress found) {
  std::vector<Endpoint> out;
  out.reserve(found.size());
  for (auto& [address, endpoint] : found) out.push_back(std::move(endpoint));
  return out;
}

// The endpoints behind one port of the Service: slices name their ports as the Service does.
std::vector<Endpoint> endpoints_of(const ServicePort& port,
                                   const std::vector<SliceRecordPtr>& slices) {
  ByAddress found;
  for (const auto& slice : slices)
    for (const auto& slice_port : slice->ports) {
      if (slice_port.name != port.name || slice_port.protocol != port.protocol) continue;
      for (auto endpoint : slice->endpoints) {
        endpoint.address.port = slice_port.number;
        add_best(found, std::move(endpoint));
      }
    }
  return values(std::move(found));
}

// The endpoints of a headless Service that have none of its ports still have names: they stand
// under one port 0 that nothing programs.
std::optional<ServicePort> nameless_port(const std::vector<SliceRecordPtr>& slices,
                                         bool with_ports) {
  ByAddress found;
  for (const auto& slice : slices)
    if (with_ports || slice->ports.empty())
      for (const auto& endpoint : slice->endpoints) add_best(found, endpoint);
  if (found.empty()) return std::nullopt;
  ServicePort port;
  port.endpoints = values(std::move(found));
  return port;
}

ServiceType type_of(std::string_view name) {
  if (name == "NodePort") return ServiceType::node_port;
  if (name == "LoadBalancer") return ServiceType::load_balancer;
  if (name == "ExternalName") return ServiceType::external_name;
  return ServiceType::cluster_ip;
}

}  // namespace

ServiceRecord read(const core_v1::Service& service, const std::vector<net::Cidr>& service_cidrs) {
  const auto& metadata = service.metadata;
  ServiceRecord record{text::cat(metadata.namespace_, "/", metadata.name),
                       metadata.resource_version, nullptr};
  const auto& spec = service.spec;
  auto out = std::make_shared<ServiceEntry>();
  out->namespace_ = service.metadata.namespace_;
  out->name = service.metadata.name;
  out->other_proxy = metadata.labels.contains(std::string(kProxyName));
  out->type = type_of(spec.type);
  out->external_name = spec.external_name;
  out->headless = out->type != ServiceType::external_name && spec.cluster_ip == "None";
  if (!out->headless && out->type != ServiceType::external_name) {
    out->cluster_ips = parse_all(spec.cluster_ips);
    if (out->cluster_ips.empty()) out->cluster_ips = parse_all({spec.cluster_ip});
    const auto add = [&](std::vector<net::IpAddress>& to, const net::IpAddress& ip) {
      const bool reserved = std::ranges::any_of(
          service_cidrs, [&](const net::Cidr& range) { return range.contains(ip); });
      (reserved || !may_be_endpoint(ip) ? out->refused_ips : to).push_back(ip);
    };
    for (const auto& ip : parse_all(spec.external_ips)) add(out->external_ips, ip);
    for (const auto& ingress : service.status.load_balancer.ingress)
      if (const auto ip = net::IpAddress::parse(ingress.ip);
          ip && ingress.ip_mode.value_or("VIP") != "Proxy")
        add(out->load_balancer_ips, *ip);
    if (!spec.load_balancer_source_ranges.empty()) {
      // One that cannot be read lets nobody in.
      auto& ranges = out->load_balancer_source_ranges.emplace();
      for (const auto& range : spec.load_balancer_source_ranges)
        if (const auto cidr = net::Cidr::parse(text::trim(range))) ranges.push_back(*cidr);
    }
  }
  if (spec.external_traffic_policy == "Local") out->external_policy = TrafficPolicy::local;
  if (spec.internal_traffic_policy && *spec.internal_traffic_policy == "Local")
    out->internal_policy = TrafficPolicy::local;
  if (spec.session_affinity == "ClientIP") {
    out->affinity_seconds = 10800;
    if (spec.session_affinity_config && spec.session_affinity_config->client_ip)
      out->affinity_seconds = static_cast<std::uint32_t>(
          spec.session_affinity_config->client_ip->timeout_seconds.value_or(10800));
  }
  out->publish_not_ready = spec.publish_not_ready_addresses;
  out->health_check_node_port = static_cast<std::uint16_t>(spec.health_check_node_port);
  out->traffic_distribution = spec.traffic_distribution.value_or("");
  for (const auto& from : spec.ports) {
    const auto protocol = parse_protocol(from.protocol);
    if (!protocol || from.port < 1 || from.port > 65535) continue;
    ServicePort port;
    port.name = from.name;
    port.protocol = *protocol;
    port.port = static_cast<std::uint16_t>(from.port);
    if (out->type == ServiceType::node_port || out->type == ServiceType::load_balancer)
      port.node_port = static_cast<std::uint16_t>(from.node_port);
    port.app_protocol = from.app_protocol.value_or("");
    out->ports.push_back(std::move(port));
  }
  record.entry = std::move(out);
  return record;
}

SliceRecord read(const discovery_v1::EndpointSlice& slice, std::string_view node) {
  const auto& metadata = slice.metadata;
  SliceRecord out;
  out.key = text::cat(metadata.namespace_, "/", metadata.name);
  out.version = metadata.resource_version;
  const auto label = metadata.labels.find(std::string(kServiceName));
  if (label != metadata.labels.end() && !label->second.empty())
    out.service = text::cat(metadata.namespace_, "/", label->second);
  for (const auto& from : slice.ports) {
    const auto protocol = parse_protocol(from.protocol.value_or(""));
    const auto number = from.port.value_or(0);
    if (!protocol || number < 1 || number > 65535) continue;
    out.ports.push_back({from.name.value_or(""), *protocol, static_cast<std::uint16_t>(number)});
  }
  for (const auto& from : slice.endpoints) {
    Endpoint endpoint = make_endpoint(from, node);
    for (const auto& ip : parse_all(from.addresses)) {
      if (!may_be_endpoint(ip)) continue;
      endpoint.address = {ip, 0};
      out.endpoints.push_back(endpoint);
    }
  }
  return out;
}

ServicePtr join(const ServiceRecord& service, const std::vector<SliceRecordPtr>& slices) {
  auto out = std::make_shared<ServiceEntry>(*service.entry);
  for (auto& port : out->ports) port.endpoints = endpoints_of(port, slices);
  if (out->headless)
    if (auto port = nameless_port(slices, out->ports.empty()))
      out->ports.push_back(std::move(*port));
  return out;
}

}  // namespace nodal::proxy
