// cni/plan.h — a pod's link as an ordered list of netlink steps. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/netlink/socket.h"
#include "cni/request.h"

namespace nodal::cni {

enum class Side { host, pod };

struct DeleteLink {
  std::string link;
  auto operator<=>(const DeleteLink&) const = default;
};
/// The pod's end is made in its namespace under its final name: no rename, no move.
struct CreateVeth {
  std::string host, pod;
  netlink::Mac host_mac{}, pod_mac{};
  std::uint32_t mtu = 0;
  auto operator<=>(const CreateVeth&) const = default;
};
struct SetSysctl {
  Side side;
  std::string key, value;  ///< key: below /proc/sys
  auto operator<=>(const SetSysctl&) const = default;
};
struct AddAddress {
  Side side;
  std::string link;
  net::IpAddress ip;
  auto operator<=>(const AddAddress&) const = default;
};
struct SetUp {
  Side side;
  std::string link;
  auto operator<=>(const SetUp&) const = default;
};
struct SetNeighbour {
  Side side;
  std::string link;
  net::IpAddress ip;
  netlink::Mac mac{};
  auto operator<=>(const SetNeighbour&) const = default;
};
struct SetRoute {
  Side side;
  std::string link;
  net::Cidr to;
  std::optional<net::IpAddress> via;
  auto operator<=>(const SetRoute&) const = default;
};
using LinkOp =
    std::variant<DeleteLink, CreateVeth, SetSysctl, AddAddress, SetUp, SetNeighbour, SetRoute>;

/// An address of the pod and the gateway it uses.
struct Lease {
  net::IpAddress ip, gateway;
};

/// Point to point: the pod has one /32 and a default route to the gateway, which every host end
/// carries as a /32; both ends know each other's hardware address for good, so nothing is ever
/// asked on the wire. Since the host routes, a pod reaches itself through a Service (hairpin), and
/// a host without another address has one to speak from.
/// @param leftover  a host end of that name exists: of an ADD that was killed half-way
[[nodiscard]] std::vector<LinkOp> plan_add(const Request& request, const Lease& lease,
                                           bool leftover);

/// What takes an op back; nothing when it goes with the link it was made on.
[[nodiscard]] std::optional<LinkOp> undo(const LinkOp& op);

/// Hardware addresses that follow from the IPv4 address: locally administered, unicast.
[[nodiscard]] netlink::Mac pod_mac(const net::IpAddress& ip);
[[nodiscard]] netlink::Mac host_mac(const net::IpAddress& ip);

}  // namespace nodal::cni
