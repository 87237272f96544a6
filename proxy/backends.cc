// proxy/backends.cc — see backends.h.
#include "proxy/backends.h"

namespace nodal::proxy {
namespace {

template <class Usable>
std::vector<net::SocketAddress> select(const ServicePort& port, bool v6, TrafficPolicy policy,
                                       Usable usable) {
  std::vector<net::SocketAddress> out;
  for (const auto& endpoint : port.endpoints) {
    if (endpoint.address.ip.is_v6() != v6 || !usable(endpoint)) continue;
    if (policy == TrafficPolicy::local && !endpoint.local) continue;
    if (out.size() == kMostEndpoints) break;
    out.push_back(endpoint.address);
  }
  return out;
}

}  // namespace

std::vector<net::SocketAddress> backends(const ServicePort& port, bool v6, TrafficPolicy policy) {
  auto out = select(port, v6, policy, [](const Endpoint& e) { return e.ready; });
  if (out.empty())
    out = select(port, v6, policy, [](const Endpoint& e) { return e.serving && e.terminating; });
  return out;
}

bool has_too_many_endpoints(const ServicePort& port) {
  if (port.endpoints.size() <= kMostEndpoints) return false;
  for (const bool v6 : {false, true}) {
    std::size_t ready = 0;
    for (const auto& endpoint : port.endpoints)
      ready += endpoint.ready && endpoint.address.ip.is_v6() == v6 ? 1 : 0;
    if (ready > kMostEndpoints) return true;
  }
  return false;
}

}  // namespace nodal::proxy
