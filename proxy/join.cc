// proxy/join.cc — see join.h.
#include "proxy/join.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace nodal::proxy {
namespace {

constexpr std::string_view kServiceName = "kubernetes.io/service-name";
constexpr std::string_view kProxyName = "service.kubernetes.io/service-proxy-name";

using SlicePtr = std::shared_ptr<const discovery_v1::EndpointSlice>;

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

// The endpoints behind one port of the Service: slices name their ports as the Service does.
std::vector<Endpoint> endpoints_of(const ServicePort& port, const std::vector<SlicePtr>& slices,
                                   std::string_view node) {
  ByAddress found;
  for (const auto& slice : slices) {
    for (const auto& slice_port : slice->ports) {
      if (slice_port.name.value_or("") != port.name) continue;
      if (parse_protocol(slice_port.protocol.value_or("")) != port.protocol) continue;
      const auto number = slice_port.port.value_or(0);
      if (number < 1 || number > 65535) continue;
      for (const auto& from : slice->endpoints) {
        Endpoint endpoint = make_endpoint(from, node);
        for (const auto& ip : parse_all(from.addresses)) {
          if (!may_be_endpoint(ip)) continue;
          endpoint.address = {ip, static_cast<std::uint16_t>(number)};
          add_best(found, endpoint);
        }
      }
    }
  }
  std::vector<Endpoint> out;
  out.reserve(found.size());
  for (auto& [address, endpoint] : found) out.push_back(std::move(endpoint));
  return out;
}

ServiceType type_of(std::string_view name) {
  if (name == "NodePort") return ServiceType::node_port;
  if (name == "LoadBalancer") return ServiceType::load_balancer;
  if (name == "ExternalName") return ServiceType::external_name;
  return ServiceType::cluster_ip;
}

}  // namespace

std::string service_of(const discovery_v1::EndpointSlice& slice) {
  const auto it = slice.metadata.labels.find(std::string(kServiceName));
  if (it == slice.metadata.labels.end() || it->second.empty()) return {};
  return text::cat(slice.metadata.namespace_, "/", it->second);
}

ServicePtr join(const core_v1::Service& service, const std::vector<SlicePtr>& slices,
                std::string_view node) {
  if (service.metadata.labels.contains(std::string(kProxyName))) return nullptr;
  const auto& spec = service.spec;
  auto out = std::make_shared<ServiceEntry>();
  out->namespace_ = service.metadata.namespace_;
  out->name = service.metadata.name;
  out->type = type_of(spec.type);
  out->external_name = spec.external_name;
  out->headless = out->type != ServiceType::external_name && spec.cluster_ip == "None";
  if (!out->headless && out->type != ServiceType::external_name) {
    out->cluster_ips = parse_all(spec.cluster_ips);
    if (out->cluster_ips.empty()) out->cluster_ips = parse_all({spec.cluster_ip});
    out->external_ips = parse_all(spec.external_ips);
    for (const auto& ingress : service.status.load_balancer.ingress)
      if (const auto ip = net::IpAddress::parse(ingress.ip)) out->load_balancer_ips.push_back(*ip);
    for (const auto& range : spec.load_balancer_source_ranges)
      if (const auto cidr = net::Cidr::parse(text::trim(range)))
        out->load_balancer_source_ranges.push_back(*cidr);
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
    port.endpoints = endpoints_of(port, slices, node);
    out->ports.push_back(std::move(port));
  }
  if (out->ports.empty() && out->headless) {
    // A headless Service without ports still has names: its addresses stand under one port 0 that
    // nothing programs.
    ServicePort port;
    ByAddress found;
    for (const auto& slice : slices)
      for (const auto& from : slice->endpoints)
        for (const auto& ip : parse_all(from.addresses)) {
          Endpoint endpoint = make_endpoint(from, node);
          endpoint.address = {ip, 0};
          if (may_be_endpoint(ip)) add_best(found, std::move(endpoint));
        }
    for (auto& [address, endpoint] : found) port.endpoints.push_back(std::move(endpoint));
    if (!port.endpoints.empty()) out->ports.push_back(std::move(port));
  }
  return out;
}

}  // namespace nodal::proxy
