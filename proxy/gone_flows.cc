// proxy/gone_flows.cc — see gone_flows.h.
#include "proxy/gone_flows.h"

#include <algorithm>

namespace nodal::proxy {
namespace {

bool is_used(const Endpoint& endpoint) { return endpoint.ready && !endpoint.terminating; }

bool still_serves(const ServiceEntry* service, const ServicePort& port,
                  const net::SocketAddress& address) {
  if (service == nullptr) return false;
  return std::ranges::any_of(service->ports, [&](const ServicePort& now) {
    return now.protocol == port.protocol && now.port == port.port &&
           std::ranges::any_of(now.endpoints, [&](const Endpoint& endpoint) {
             return endpoint.address == address && is_used(endpoint);
           });
  });
}

}  // namespace

std::vector<GoneFlows> gone_udp_flows(const ServiceEntry* before, const ServiceEntry* after) {
  std::vector<GoneFlows> out;
  if (before == nullptr || !is_programmed(*before)) return out;
  for (const auto& port : before->ports) {
    if (port.protocol != Protocol::udp) continue;
    for (const auto& endpoint : port.endpoints) {
      if (still_serves(after, port, endpoint.address)) continue;
      GoneFlows gone;
      for (const auto* ips :
           {&before->cluster_ips, &before->external_ips, &before->load_balancer_ips})
        gone.service_ips.insert(ips->begin(), ips->end());
      gone.port = port.port;
      gone.node_port = port.node_port;
      gone.endpoint = endpoint.address;
      out.push_back(std::move(gone));
    }
  }
  return out;
}

}  // namespace nodal::proxy
