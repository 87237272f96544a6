// base/netlink/socket.cc — the only file that includes libnl.
#include "base/netlink/socket.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <cstring>

#include "base/net/namespace.h"
#include "base/text.h"

namespace nodal::netlink {
namespace {

using LinkPtr = nodal::Handle<rtnl_link, rtnl_link_put>;
using AddrPtr = nodal::Handle<rtnl_addr, rtnl_addr_put>;
using RoutePtr = nodal::Handle<rtnl_route, rtnl_route_put>;
using NeighPtr = nodal::Handle<rtnl_neigh, rtnl_neigh_put>;
using NlAddr = nodal::Handle<nl_addr, nl_addr_put>;
using Cache = nodal::Handle<nl_cache, nl_cache_free>;

/// libnl's codes → ours; the one place.
Result<> check(int code, std::string_view what) {
  if (code >= 0) return {};
  const auto errc = [&] {
    switch (-code) {
      case NLE_OBJ_NOTFOUND:
      case NLE_NODEV:
      case NLE_NOADDR:
        return Errc::not_found;
      case NLE_EXIST:
        return Errc::already_exists;
      case NLE_PERM:
      case NLE_NOACCESS:
        return Errc::forbidden;
      case NLE_INVAL:
      case NLE_RANGE:
        return Errc::invalid;
      case NLE_BUSY:
      case NLE_AGAIN:
        return Errc::unavailable;
      default:
        return Errc::internal;
    }
  }();
  return fail(errc, text::cat(what, ": ", nl_geterror(code)));
}

int family_of(const net::IpAddress& ip) { return ip.is_v4() ? AF_INET : AF_INET6; }

NlAddr address_of(const net::IpAddress& ip, int prefix_length) {
  NlAddr out(nl_addr_build(family_of(ip), ip.bytes().data(), ip.size()));
  nl_addr_set_prefixlen(out.get(), prefix_length);
  return out;
}

NlAddr address_of(const Mac& mac) { return NlAddr(nl_addr_build(AF_LLC, mac.data(), mac.size())); }

std::optional<net::IpAddress> ip_of(nl_addr* address) {
  if (!address) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(address));
  if (nl_addr_get_family(address) == AF_INET) {
    if (nl_addr_get_len(address) == 0) return net::IpAddress();
    if (nl_addr_get_len(address) != 4) return std::nullopt;
    return net::IpAddress::v4(std::uint32_t{bytes[0]} << 24 | bytes[1] << 16 | bytes[2] << 8 |
                              bytes[3]);
  }
  if (nl_addr_get_family(address) != AF_INET6) return std::nullopt;
  std::array<std::uint8_t, 16> raw{};
  if (nl_addr_get_len(address) == 16) std::memcpy(raw.data(), bytes, 16);
  return net::IpAddress::v6(raw);
}

Link link_of(rtnl_link* in) {
  Link out;
  out.index = rtnl_link_get_ifindex(in);
  if (const char* name = rtnl_link_get_name(in)) out.name = name;
  if (const char* kind = rtnl_link_get_type(in)) out.kind = kind;
  if (auto* mac = rtnl_link_get_addr(in); mac && nl_addr_get_len(mac) == 6)
    std::memcpy(out.mac.data(), nl_addr_get_binary_addr(mac), 6);
  out.up = rtnl_link_get_flags(in) & IFF_UP;
  out.mtu = rtnl_link_get_mtu(in);
  return out;
}

AddrPtr to_nl(const Address& in) {
  AddrPtr out(rtnl_addr_alloc());
  rtnl_addr_set_ifindex(out.get(), in.link);
  rtnl_addr_set_local(out.get(), address_of(in.ip, in.prefix_length).get());
  if (in.ip.is_v6()) rtnl_addr_set_flags(out.get(), IFA_F_NODAD);
  return out;
}

RoutePtr to_nl(const Route& in) {
  RoutePtr out(rtnl_route_alloc());
  rtnl_route_set_family(out.get(), static_cast<std::uint8_t>(family_of(in.to.base())));
  rtnl_route_set_dst(out.get(), address_of(in.to.base(), in.to.prefix_length()).get());
  rtnl_route_set_table(out.get(), in.table);
  rtnl_route_set_scope(out.get(),
                       in.via || in.to.base().is_v6() ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
  rtnl_route_set_protocol(out.get(), RTPROT_STATIC);
  auto* hop = rtnl_route_nh_alloc();
  rtnl_route_nh_set_ifindex(hop, in.link);
  if (in.via) {
    rtnl_route_nh_set_gateway(hop, address_of(*in.via, in.via->is_v4() ? 32 : 128).get());
    rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
  }
  rtnl_route_add_nexthop(out.get(), hop);  // takes ownership
  if (in.source)
    rtnl_route_set_pref_src(out.get(), address_of(*in.source, in.source->is_v4() ? 32 : 128).get());
  return out;
}

}  // namespace

Result<Socket> Socket::open() {
  Handle socket(nl_socket_alloc());
  if (!socket) return fail(Errc::internal, "netlink: out of memory");
  NODAL_TRY(check(nl_connect(socket.get(), NETLINK_ROUTE), "open route netlink"));
  return Socket(std::move(socket));
}

Result<Socket> Socket::open_in(int namespace_fd) {
  const auto scope = NODAL_TRY(net::ScopedNamespace::enter(namespace_fd));
  return open();
}

Result<std::vector<Link>> Socket::links() {
  nl_cache* raw = nullptr;
  NODAL_TRY(check(rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, &raw), "list links"));
  const Cache cache(raw);
  std::vector<Link> out;
  for (auto* o = nl_cache_get_first(raw); o; o = nl_cache_get_next(o))
    out.push_back(link_of(reinterpret_cast<rtnl_link*>(o)));
  return out;
}

Result<Link> Socket::link(const std::string& name) {
  rtnl_link* raw = nullptr;
  NODAL_TRY(check(rtnl_link_get_kernel(socket_.get(), 0, name.c_str(), &raw), "link " + name));
  const LinkPtr owner(raw);
  return link_of(raw);
}

Result<> Socket::create_veth(const Veth& veth) {
  const LinkPtr link(rtnl_link_veth_alloc());
  if (!link) return fail(Errc::internal, "netlink: out of memory");
  auto* peer = rtnl_link_veth_get_peer(link.get());  // takes a reference
  const LinkPtr peer_owner(peer);
  rtnl_link_set_name(link.get(), veth.name.c_str());
  rtnl_link_set_name(peer, veth.peer_name.c_str());
  if (veth.mac != Mac{}) rtnl_link_set_addr(link.get(), address_of(veth.mac).get());
  if (veth.peer_mac != Mac{}) rtnl_link_set_addr(peer, address_of(veth.peer_mac).get());
  if (veth.mtu != 0) {
    rtnl_link_set_mtu(link.get(), veth.mtu);
    rtnl_link_set_mtu(peer, veth.mtu);
  }
  if (veth.peer_namespace >= 0) rtnl_link_set_ns_fd(peer, veth.peer_namespace);
  return check(rtnl_link_add(socket_.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL),
               text::cat("create veth ", veth.name, " with ", veth.peer_name));
}

Result<> Socket::set_up(int index, bool up) {
  const LinkPtr which(rtnl_link_alloc()), change(rtnl_link_alloc());
  rtnl_link_set_ifindex(which.get(), index);
  if (up)
    rtnl_link_set_flags(change.get(), IFF_UP);
  else
    rtnl_link_unset_flags(change.get(), IFF_UP);
  return check(rtnl_link_change(socket_.get(), which.get(), change.get(), 0),
               text::cat("set up link ", index));
}

Result<> Socket::delete_link(const std::string& name) {
  const LinkPtr which(rtnl_link_alloc());
  rtnl_link_set_name(which.get(), name.c_str());
  return check(rtnl_link_delete(socket_.get(), which.get()), "delete link " + name);
}

Result<std::vector<Address>> Socket::addresses() {
  nl_cache* raw = nullptr;
  NODAL_TRY(check(rtnl_addr_alloc_cache(socket_.get(), &raw), "list addresses"));
  const Cache cache(raw);
  std::vector<Address> out;
  for (auto* o = nl_cache_get_first(raw); o; o = nl_cache_get_next(o)) {
    auto* one = reinterpret_cast<rtnl_addr*>(o);
    if (const auto ip = ip_of(rtnl_addr_get_local(one)))
      out.push_back({rtnl_addr_get_ifindex(one), *ip, rtnl_addr_get_prefixlen(one)});
  }
  return out;
}

Result<> Socket::add_address(const Address& address) {
  return check(rtnl_addr_add(socket_.get(), to_nl(address).get(), NLM_F_CREATE | NLM_F_EXCL),
               text::cat("add address ", address.ip.text()));
}

Result<> Socket::delete_address(const Address& address) {
  return check(rtnl_addr_delete(socket_.get(), to_nl(address).get(), 0),
               text::cat("delete address ", address.ip.text()));
}

Result<std::vector<Route>> Socket::routes(std::uint32_t table) {
  nl_cache* raw = nullptr;
  NODAL_TRY(check(rtnl_route_alloc_cache(socket_.get(), AF_UNSPEC, 0, &raw), "list routes"));
  const Cache cache(raw);
  std::vector<Route> out;
  for (auto* o = nl_cache_get_first(raw); o; o = nl_cache_get_next(o)) {
    auto* one = reinterpret_cast<rtnl_route*>(o);
    if (rtnl_route_get_table(one) != table || rtnl_route_get_type(one) != RTN_UNICAST) continue;
    const auto to = ip_of(rtnl_route_get_dst(one));
    auto* hop = rtnl_route_nexthop_n(one, 0);
    if (!to || !hop) continue;
    const Route route{
        net::Cidr(*to, static_cast<int>(nl_addr_get_prefixlen(rtnl_route_get_dst(one)))),
        rtnl_route_nh_get_ifindex(hop), ip_of(rtnl_route_nh_get_gateway(hop)), table};
    out.push_back(route);
  }
  return out;
}

Result<> Socket::set_route(const Route& route) {
  return check(rtnl_route_add(socket_.get(), to_nl(route).get(), NLM_F_CREATE | NLM_F_REPLACE),
               text::cat("set route to ", route.to.text()));
}

Result<> Socket::delete_route(const Route& route) {
  return check(rtnl_route_delete(socket_.get(), to_nl(route).get(), 0),
               text::cat("delete route to ", route.to.text()));
}

Result<> Socket::set_neighbour(const Neighbour& neighbour) {
  const NeighPtr out(rtnl_neigh_alloc());
  rtnl_neigh_set_ifindex(out.get(), neighbour.link);
  rtnl_neigh_set_family(out.get(), family_of(neighbour.ip));
  rtnl_neigh_set_dst(out.get(), address_of(neighbour.ip, neighbour.ip.is_v4() ? 32 : 128).get());
  rtnl_neigh_set_lladdr(out.get(), address_of(neighbour.mac).get());
  rtnl_neigh_set_state(out.get(), NUD_PERMANENT);
  return check(rtnl_neigh_add(socket_.get(), out.get(), NLM_F_CREATE | NLM_F_REPLACE),
               text::cat("set neighbour ", neighbour.ip.text()));
}

}  // namespace nodal::netlink
