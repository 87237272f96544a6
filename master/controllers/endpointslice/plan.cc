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
constexpr const char* kServiceName = "kubernetes.io/service-name";
constexpr const char* kManager = "endpointslice.kubernetes.io/managed-by";
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

using Ports = std::vector<discovery_v1::EndpointPort>;

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

// Text that equal port lists share.
std::string ports_key(const Ports& ports) {
  std::string out;
  for (const auto& p : ports)
    out += text::cat(p.name.value_or(""), "/", p.protocol.value_or(""), "/", p.port.value_or(0),
                     "/", p.app_protocol.value_or(""), ";");
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

meta_v1::OwnerReference owner_of(const core_v1::Service& service) {
  meta_v1::OwnerReference owner;
  owner.api_version = "v1";
  owner.kind = "Service";
  owner.name = service.metadata.name;
  owner.uid = service.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;
  return owner;
}

// All endpoints of one address family that have the same ports.
struct Group {
  std::string address_type;
  Ports ports;
  std::map<std::string, discovery_v1::Endpoint> endpoints;  // by address
};

}  // namespace

Plan plan(const core_v1::Service& service, const std::vector<PodPtr>& pods,
          const std::vector<SlicePtr>& existing,
          const std::function<std::string(const std::string&)>& zone_of) {
  std::map<std::string, Group> groups;
  std::vector<std::string> families = service.spec.ip_families;
  if (families.empty()) families = {"IPv4"};
  for (const auto& pod : pods) {
    if (!may_serve(*pod)) continue;
    const Ports ports = ports_of(service, *pod);
    if (ports.empty() && !(is_headless(service) && service.spec.ports.empty())) continue;
    std::vector<std::string> addresses;
    for (const auto& ip : pod->status.pod_ips) addresses.push_back(ip.ip);
    if (addresses.empty()) addresses.push_back(pod->status.pod_ip);
    for (const auto& address : addresses) {
      const auto ip = net::IpAddress::parse(address);
      if (!ip) continue;
      const std::string type = ip->is_v6() ? "IPv6" : "IPv4";
      if (std::ranges::find(families, type) == families.end()) continue;
      auto& group = groups[text::cat(type, "|", ports_key(ports))];
      group.address_type = type;
      group.ports = ports;
      group.endpoints.emplace(address, make_endpoint(service, *pod, address, zone_of));
    }
  }
  Plan out;
  const auto labels = labels_of(service);
  std::map<std::string, std::vector<SlicePtr>> slices;
  for (const auto& slice : existing)
    if (!slice->metadata.deletion_timestamp)
      slices[text::cat(slice->address_type, "|", ports_key(slice->ports))].push_back(slice);

  for (auto& [key, group] : groups) {
    std::vector<std::pair<SlicePtr, discovery_v1::EndpointSlice>> kept;
    for (const auto& slice : slices[key]) {
      discovery_v1::EndpointSlice next = *slice;
      next.endpoints.clear();
      for (const auto& endpoint : slice->endpoints) {
        if (endpoint.addresses.empty()) continue;
        const auto it = group.endpoints.find(endpoint.addresses[0]);
        if (it == group.endpoints.end()) continue;
        next.endpoints.push_back(std::move(it->second));
        group.endpoints.erase(it);
      }
      next.metadata.labels = labels;
      kept.emplace_back(slice, std::move(next));
    }
    // New ones fill what has room, the fullest first, then slices of their own.
    std::ranges::sort(kept, std::greater{},
                      [](const auto& pair) { return pair.second.endpoints.size(); });
    auto next = group.endpoints.begin();
    for (auto& [before, after] : kept)
      while (after.endpoints.size() < kMostPerSlice && next != group.endpoints.end())
        after.endpoints.push_back(std::move((next++)->second));
    while (next != group.endpoints.end()) {
      discovery_v1::EndpointSlice slice;
      slice.metadata.namespace_ = service.metadata.namespace_;
      slice.metadata.generate_name = text::cat(service.metadata.name, "-");
      slice.metadata.labels = labels;
      slice.metadata.owner_references = {owner_of(service)};
      slice.address_type = group.address_type;
      slice.ports = group.ports;
      while (slice.endpoints.size() < kMostPerSlice && next != group.endpoints.end())
        slice.endpoints.push_back(std::move((next++)->second));
      out.create.push_back(std::move(slice));
    }
    for (auto& [before, after] : kept) {
      if (after.endpoints.empty() && kept.size() + out.create.size() > 1) {
        out.remove.push_back(before);
      } else if (after != *before) {
        out.change.emplace_back(before, std::move(after));
      }
    }
    slices.erase(key);
  }
  for (const auto& [key, rest] : slices)
    out.remove.insert(out.remove.end(), rest.begin(), rest.end());
  // Without any endpoint one empty slice stays, so that watchers can tell "none" from "not yet".
  if (groups.empty()) {
    if (out.remove.empty()) {
      discovery_v1::EndpointSlice slice;
      slice.metadata.namespace_ = service.metadata.namespace_;
      slice.metadata.generate_name = text::cat(service.metadata.name, "-");
      slice.metadata.labels = labels;
      slice.metadata.owner_references = {owner_of(service)};
      slice.address_type = families.front();
      out.create.push_back(std::move(slice));
    } else {
      const auto keep = out.remove.back();
      out.remove.pop_back();
      auto after = *keep;
      after.endpoints.clear();
      after.metadata.labels = labels;
      if (after != *keep) out.change.emplace_back(keep, std::move(after));
    }
  }
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
