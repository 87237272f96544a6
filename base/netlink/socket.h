// base/netlink/socket.h — a route netlink socket: links, addresses, routes and neighbours of one
// network namespace.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/handle.h"
#include "base/net/address.h"
#include "base/result.h"

struct nl_sock;
extern "C" void nl_socket_free(struct nl_sock*);

namespace nodal::netlink {

using Mac = std::array<std::uint8_t, 6>;

struct Link {
  int index = 0;
  std::string name, kind;  ///< kind: "veth", "bridge", "" for hardware and lo
  Mac mac{};
  bool up = false;
  std::uint32_t mtu = 0;
};

struct Veth {
  std::string name, peer_name;
  Mac mac{}, peer_mac{};
  std::uint32_t mtu = 0;    ///< 0 the kernel's
  int peer_namespace = -1;  ///< an open namespace; -1 the socket's own
};

struct Address {
  int link = 0;
  net::IpAddress ip;
  int prefix_length = 32;
  auto operator<=>(const Address&) const = default;
};

struct Route {
  net::Cidr to;
  int link = 0;
  std::optional<net::IpAddress> via;  ///< on-link: need not be reachable by another route
  std::uint32_t table = 254;          ///< main
  std::optional<net::IpAddress> source = std::nullopt;  ///< the address that our own flows get
  auto operator<=>(const Route&) const = default;
};

struct Neighbour {
  int link = 0;
  net::IpAddress ip;
  Mac mac{};
};

/// Errors of all: not_found, already_exists, forbidden, others by the kernel's errno. Not
/// thread-safe. Privilege: CAP_NET_ADMIN in the namespace for changes.
class Socket {
 public:
  /// In the network namespace of the calling thread; it stays there.
  static Result<Socket> open();
  /// In another one.
  static Result<Socket> open_in(int namespace_fd);

  Result<std::vector<Link>> links();
  Result<Link> link(const std::string& name);
  Result<> create_veth(const Veth& veth);
  Result<> set_up(int index, bool up = true);
  Result<> delete_link(const std::string& name);

  Result<std::vector<Address>> addresses();
  Result<> add_address(const Address& address);
  Result<> delete_address(const Address& address);

  /// Of the main table unless said otherwise; unicast only.
  Result<std::vector<Route>> routes(std::uint32_t table = 254);
  /// Adds, or takes the place of one with the same destination.
  Result<> set_route(const Route& route);
  Result<> delete_route(const Route& route);

  /// A permanent entry; takes the place of another.
  Result<> set_neighbour(const Neighbour& neighbour);

 private:
  using Handle = nodal::Handle<nl_sock, nl_socket_free>;
  explicit Socket(Handle socket) : socket_(std::move(socket)) {}
  Handle socket_;
};

}  // namespace nodal::netlink
