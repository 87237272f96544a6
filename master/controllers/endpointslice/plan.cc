// master/controllers/endpointslice/plan.cc — see plan.h.
#include "master/controllers/endpointslice/plan.h"

#include <algorithm>
#include <map>

#include "base/net/address.h"
#include "base/text.h"
#include "master/controllers/controller.h"

namespace nodal::master::controllers::endpointslice {
namespace {

constexpr std::size_t kMostAddresses = 1000;
constexpr const char* kHeadless = "service.kubernetes.io/headless";

bool is_headless(const core_v1::Service& service) { return service.spec.cluster_ip == "None"; }

// The number behind a target port in one pod; nothing when no container has a port of that name.
std::optional<std::int32_t> port_of(const core_v1::ServicePort& port, const core_v1::Pod& pod) {
  if (port.target_port.is_int())
    return port.target_port.as_int() != 0 ? port.target_port.as_int() : port.port;
  const std::string protocol = port.protocol.empty() ? "TCP" : port.protocol;
  const auto find_in =
      [&](const std::vector<core_v1::Container>& containers) -> std::optional<std::int32_t> {
    for (const auto& container : containers)
      for (const auto& p : container.ports)
        if (p.name == port.target_port.as_string() &&
            (p.protocol.empty() ? "TCP" : p.protocol) == protocol)
          return p.container_port;
    return std::nullopt;
  };
  if (auto number = find_in(pod.spec.containers)) return number;
  for (const auto& container : pod.spec.init_containers)
    if (container.restart_policy.value_or("") == "Always")
      for (const auto& p : container.ports)
        if (p.name == port.target_port.as_string() &&
            (p.protocol.empty() ? "TCP" : p.protocol) == protocol)
          return p.container_port;
  return std::nullopt;
}

Ports ports_of(const core_v1::Service& service, const core_v1::Pod& pod) {
  Ports out;
  for (const auto& port : service.spec.ports) {
    const auto number = port_of(port, pod);
    if (!number) continue;
    discovery_v1::EndpointPort p;
    p.name = port.name;
    p.protocol = port.protocol.empty() ? "TCP" : port.protocol;
    p.port = *number;
    p.app_protocol = port.app_protocol;
    out.push_back(std::move(p));
  }
  return out;
}

bool may_serve(const core_v1::Pod& pod) {
  return !pod.status.pod_ip.empty() && !is_finished(pod) && !pod.spec.node_name.empty();
}

discovery_v1::Endpoint make_endpoint(
    const core_v1::Service& service, const core_v1::Pod& pod, const std::string& address,
    const std::function<std::string(const std::string&)>& zone_of) {
  discovery_v1::Endpoint out;
  out.addresses = {address};
  const bool going = pod.metadata.deletion_timestamp.has_value();
  const bool serving = is_ready(pod);
  out.conditions.serving = serving;
  out.conditions.terminating = going;
  out.conditions.ready = service.spec.publish_not_ready_addresses || (serving && !going);
  out.node_name = pod.spec.node_name;
  if (auto zone = zone_of(pod.spec.node_name); !zone.empty()) out.zone = std::move(zone);
  if (!pod.spec.hostname.empty() && pod.spec.subdomain == service.metadata.name)
    out.hostname = pod.spec.hostname;
  core_v1::ObjectReference target;
  target.kind = "Pod";
  target.namespace_ = pod.metadata.namespace_;
  target.name = pod.metadata.name;
  target.uid = pod.metadata.uid;
  out.target_ref = std::move(target);
  return out;
}

std::map<std::string, std::string> labels_of(const core_v1::Service& service) {
  std::map<std::string, std::string> labels = service.metadata.labels;
  labels[kServiceName] = service.metadata.name;
  labels[kManager] = kManagedBy;
  if (is_headless(service)) {
    labels[kHeadless] = "";
  } else {
    labels.erase(kHeadless);
  }
  return labels;
}

}  // namespace

Plan plan(const core_v1::Service& service, const std::vector<PodPtr>& pods,
          const std::vector<SlicePtr>& existing,
          const std::function<std::string(const std::string&)>& zone_of) {
  Groups groups;
  std::vector<std::string> families = service.spec.ip_families;
  if (families.empty()) families = {"IPv4"};
  for (const auto& pod : pods) {
    if (!may_serve(*pod)) continue;
    if (service.spec.ports.empty() && !is_headless(service)) continue;
    const Ports ports = ports_of(service, *pod);
    std::vector<std::string> addresses;
    for (const auto& ip : pod->status.pod_ips) addresses.push_back(ip.ip);
    if (addresses.empty()) addresses.push_back(pod->status.pod_ip);
    for (const auto& address : addresses) {
      const auto ip = net::IpAddress::parse(address);
      if (!ip) continue;
      const std::string type = ip->is_v6() ? "IPv6" : "IPv4";
      if (std::ranges::find(families, type) == families.end()) continue;
      add(groups, type, ports, address, make_endpoint(service, *pod, address, zone_of));
    }
  }
  discovery_v1::EndpointSlice pattern;
  pattern.metadata.namespace_ = service.metadata.namespace_;
  pattern.metadata.generate_name = text::cat(service.metadata.name, "-");
  pattern.metadata.labels = labels_of(service);
  pattern.metadata.owner_references = {
      controller_reference(core_v1::Service::kResource, service.metadata)};
  pattern.address_type = families.front();
  return fit(std::move(groups), existing, pattern);
}

std::vector<std::string> unserved_ports(const core_v1::Service& service,
                                        const std::vector<PodPtr>& pods) {
  std::vector<std::string> out;
  if (std::ranges::none_of(pods, [](const auto& pod) { return may_serve(*pod); })) return out;
  for (const auto& port : service.spec.ports)
    if (!port.target_port.is_int() && std::ranges::none_of(pods, [&](const auto& pod) {
          return may_serve(*pod) && port_of(port, *pod).has_value();
        }))
      out.push_back(port.target_port.as_string());
  return out;
}

core_v1::Endpoints endpoints(const core_v1::Service& service, const std::vector<PodPtr>& pods) {
  core_v1::Endpoints out;
  out.metadata.namespace_ = service.metadata.namespace_;
  out.metadata.name = service.metadata.name;
  out.metadata.labels = service.metadata.labels;
  if (is_headless(service)) out.metadata.labels[kHeadless] = "";
  std::map<std::string, core_v1::EndpointSubset> subsets;
  std::size_t count = 0;
  bool cut = false;
  std::vector<PodPtr> sorted = pods;
  std::ranges::sort(sorted, {}, [](const PodPtr& pod) { return pod->status.pod_ip; });
  for (const auto& pod : sorted) {
    if (!may_serve(*pod)) continue;
    const bool ready = service.spec.publish_not_ready_addresses ||
                       (is_ready(*pod) && !pod->metadata.deletion_timestamp);
    if (!ready && pod->metadata.deletion_timestamp) continue;
    const Ports ports = ports_of(service, *pod);
    if (ports.empty() && !(is_headless(service) && service.spec.ports.empty())) continue;
    if (++count > kMostAddresses) {
      cut = true;
      break;
    }
    auto& subset = subsets[ports_key(ports)];
    if (subset.ports.empty())
      for (const auto& p : ports) {
        core_v1::EndpointPort port;
        port.name = p.name.value_or("");
        port.protocol = p.protocol.value_or("");
        port.port = p.port.value_or(0);
        port.app_protocol = p.app_protocol;
        subset.ports.push_back(std::move(port));
      }
    core_v1::EndpointAddress address;
    address.ip = pod->status.pod_ip;
    address.node_name = pod->spec.node_name;
    if (!pod->spec.hostname.empty() && pod->spec.subdomain == service.metadata.name)
      address.hostname = pod->spec.hostname;
    core_v1::ObjectReference target;
    target.kind = "Pod";
    target.namespace_ = pod->metadata.namespace_;
    target.name = pod->metadata.name;
    target.uid = pod->metadata.uid;
    address.target_ref = std::move(target);
    (ready ? subset.addresses : subset.not_ready_addresses).push_back(std::move(address));
  }
  if (cut) out.metadata.annotations["endpoints.kubernetes.io/over-capacity"] = "truncated";
  for (auto& [key, subset] : subsets) out.subsets.push_back(std::move(subset));
  return out;
}

}  // namespace nodal::master::controllers::endpointslice
