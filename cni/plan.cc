// cni/plan.cc — the steps of ADD.
#include "cni/plan.h"

#include "base/text.h"

namespace nodal::cni {
namespace {
netlink::Mac mac_of(std::uint8_t second, const net::IpAddress& ip) {
  const auto v = ip.v4_value();
  return {0x0e,
          second,
          static_cast<std::uint8_t>(v >> 24),
          static_cast<std::uint8_t>(v >> 16),
          static_cast<std::uint8_t>(v >> 8),
          static_cast<std::uint8_t>(v)};
}
}  // namespace

netlink::Mac pod_mac(const net::IpAddress& ip) { return mac_of(0x01, ip); }
netlink::Mac host_mac(const net::IpAddress& ip) { return mac_of(0x02, ip); }

std::vector<LinkOp> plan_add(const Request& request, const Lease& lease, bool leftover) {
  const auto host = host_link_name(request.attachment);
  const auto& pod = request.attachment.interface;
  std::vector<LinkOp> out;
  if (leftover) out.push_back(DeleteLink{host});
  out.push_back(CreateVeth{host, pod, host_mac(lease.ip), pod_mac(lease.ip), request.mtu});
  // SECURITY 4: nobody on the link may advertise routes. Before the links come up.
  out.push_back(SetSysctl{Side::host, text::cat("net/ipv6/conf/", host, "/accept_ra"), "0"});
  out.push_back(SetSysctl{Side::pod, text::cat("net/ipv6/conf/", pod, "/accept_ra"), "0"});
  out.push_back(SetSysctl{Side::host, text::cat("net/ipv4/conf/", host, "/forwarding"), "1"});
  out.push_back(SetSysctl{Side::host, text::cat("net/ipv4/conf/", host, "/send_redirects"), "0"});
  out.push_back(AddAddress{Side::host, host, lease.gateway});
  out.push_back(AddAddress{Side::pod, pod, lease.ip});
  out.push_back(SetUp{Side::host, host});
  out.push_back(SetUp{Side::pod, pod});
  out.push_back(SetNeighbour{Side::host, host, lease.ip, pod_mac(lease.ip)});
  out.push_back(SetNeighbour{Side::pod, pod, lease.gateway, host_mac(lease.ip)});
  out.push_back(SetRoute{Side::host, host, net::Cidr(lease.ip, 32), std::nullopt});
  out.push_back(SetRoute{Side::pod, pod, net::Cidr(lease.gateway, 32), std::nullopt});
  out.push_back(SetRoute{Side::pod, pod, net::Cidr(net::IpAddress(), 0), lease.gateway});
  return out;
}

std::optional<LinkOp> undo(const LinkOp& op) {
  // Addresses, neighbours, routes and sysctls of a link vanish with it.
  if (const auto* veth = std::get_if<CreateVeth>(&op)) return DeleteLink{veth->host};
  return std::nullopt;
}

}  // namespace nodal::cni
