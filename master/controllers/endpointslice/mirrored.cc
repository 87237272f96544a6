// master/controllers/endpointslice/mirrored.cc — see mirrored.h.
#include "master/controllers/endpointslice/mirrored.h"

#include "base/net/address.h"
#include "base/text.h"
#include "master/controllers/mirrors.h"

namespace nodal::master::controllers::endpointslice {
namespace {

constexpr std::size_t kMostAddresses = 1000;
constexpr const char* kSkip = "endpointslice.kubernetes.io/skip-mirror";

Ports ports_of(const core_v1::EndpointSubset& subset) {
  Ports out;
  for (const auto& from : subset.ports) {
    discovery_v1::EndpointPort port;
    port.name = from.name;
    port.protocol = from.protocol.empty() ? "TCP" : from.protocol;
    port.port = from.port;
    port.app_protocol = from.app_protocol;
    out.push_back(std::move(port));
  }
  return out;
}

discovery_v1::Endpoint endpoint_of(const core_v1::EndpointAddress& from, bool ready) {
  discovery_v1::Endpoint out;
  out.addresses = {from.ip};
  out.conditions.ready = ready;
  out.node_name = from.node_name;
  if (!from.hostname.empty()) out.hostname = from.hostname;
  out.target_ref = from.target_ref;
  return out;
}

}  // namespace

bool is_mirrored(const core_v1::Service& service, const core_v1::Endpoints& endpoints) {
  const auto skip = endpoints.metadata.labels.find(kSkip);
  return service.spec.selector.empty() && service.spec.type != "ExternalName" &&
         !service.metadata.deletion_timestamp && !endpoints.metadata.deletion_timestamp &&
         (skip == endpoints.metadata.labels.end() || skip->second != "true") &&
         !endpoints.metadata.annotations.contains(kLeader);
}

Plan mirror(const core_v1::Endpoints& endpoints, const std::vector<SlicePtr>& existing) {
  Groups groups;
  for (const auto& subset : endpoints.subsets) {
    const Ports ports = ports_of(subset);
    std::size_t count = 0;
    for (const auto* list : {&subset.addresses, &subset.not_ready_addresses})
      for (const auto& address : *list) {
        const auto ip = net::IpAddress::parse(address.ip);
        if (!ip || ++count > kMostAddresses) continue;
        add(groups, ip->is_v6() ? "IPv6" : "IPv4", ports, address.ip,
            endpoint_of(address, list == &subset.addresses));
      }
  }
  discovery_v1::EndpointSlice pattern;
  pattern.metadata.namespace_ = endpoints.metadata.namespace_;
  pattern.metadata.generate_name = text::cat(endpoints.metadata.name, "-");
  pattern.metadata.labels = endpoints.metadata.labels;
  pattern.metadata.labels[kServiceName] = endpoints.metadata.name;
  pattern.metadata.labels[kManager] = kMirroredBy;
  pattern.metadata.owner_references = {
      controller_reference(core_v1::Endpoints::kResource, endpoints.metadata)};
  pattern.address_type = "IPv4";
  return fit(std::move(groups), existing, pattern);
}

}  // namespace nodal::master::controllers::endpointslice
