// cni/check.cc — see check.h.
#include "cni/check.h"

#include <algorithm>

#include "base/text.h"
#include "cni/result.h"

namespace nodal::cni {
namespace {

bool has_route(const std::vector<netlink::Route>& routes, const net::Cidr& to, int link,
               std::optional<net::IpAddress> via) {
  return std::ranges::any_of(routes, [&](const netlink::Route& r) {
    return r.to == to && (link == 0 || r.link == link) && (!via || r.via == via);
  });
}

// An interface of prevResult that ADD made: there, and with the hardware address it says.
std::string fault_of(const Previous& previous, const netlink::Link& link, bool inside) {
  const auto it = std::ranges::find_if(previous.interfaces, [&](const Previous::Interface& i) {
    return i.name == link.name && i.sandbox.empty() != inside;
  });
  if (it == previous.interfaces.end())
    return text::cat("prevResult does not have the interface ", link.name);
  if (!it->mac.empty() && text::lower(it->mac) != mac_text(link.mac))
    return text::cat("interface ", link.name, " has the hardware address ", mac_text(link.mac),
                     ", not ", it->mac);
  return {};
}

}  // namespace

std::string find_fault(const Request& request, const Lease& lease, const SeenLinks& seen) {
  const auto& previous = request.previous;
  if (std::ranges::none_of(previous.ips, [&](std::string_view a) {
        return net::IpAddress::parse(a.substr(0, a.find('/'))) == lease.ip;
      }))
    return text::cat("prevResult does not have the leased address ", lease.ip.text());

  const auto missing = [](const std::string& name) {
    return text::cat("link ", name, " is not there or not up");
  };
  const auto& pod_name = request.attachment.interface;
  if (!seen.host || !seen.host->up) return missing(host_link_name(request.attachment));
  if (!seen.pod || !seen.pod->up) return missing(pod_name);
  if (auto fault = fault_of(previous, *seen.host, false); !fault.empty()) return fault;
  if (auto fault = fault_of(previous, *seen.pod, true); !fault.empty()) return fault;

  const auto has = [](const auto& all, const auto& one) {
    return std::ranges::find(all, one) != all.end();
  };
  if (!has(seen.pod_addresses, netlink::Address{seen.pod->index, lease.ip, 32}))
    return text::cat("address ", lease.ip.text(), " is not on ", pod_name);
  if (!has(seen.host_addresses, netlink::Address{seen.host->index, lease.gateway, 32}))
    return text::cat("the gateway's address ", lease.gateway.text(), " is not on ",
                     seen.host->name);
  if (!has_route(seen.host_routes, net::Cidr(lease.ip, 32), seen.host->index, std::nullopt))
    return text::cat("the host has no route to ", lease.ip.text());
  if (!has_route(seen.pod_routes, net::Cidr(lease.gateway, 32), seen.pod->index, std::nullopt))
    return text::cat("the pod has no route to its gateway ", lease.gateway.text());
  if (!has_route(seen.pod_routes, net::Cidr(net::IpAddress(), 0), seen.pod->index, lease.gateway))
    return "the pod has no default route";
  for (const auto& route : previous.routes) {
    const auto to = net::Cidr::parse(route.to);
    if (!to) return text::cat("prevResult: route to '", route.to, "' is no range");
    const auto via = net::IpAddress::parse(route.via);
    if (!has_route(seen.pod_routes, *to, 0, via ? std::optional(*via) : std::nullopt))
      return text::cat("the pod has no route to ", route.to,
                       route.via.empty() ? "" : text::cat(" via ", route.via));
  }
  return {};
}

}  // namespace nodal::cni
