// proxy/nft/ruleset.h — what the proxy wants in its nftables table, as values.
//
// The rules are constant; only map elements change, so a change to one Service costs a few elements
// whatever the size of the table (a chain per Service, as kube-proxy has it, is super-linear:
// kubernetes/kubernetes#139513).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/net/address.h"
#include "proxy/dataplane.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy::nft {

enum class Family : std::uint8_t { ip, ip6 };

/// The maps and sets of the table, in the order a transaction writes them.
enum class Map : std::uint8_t {
  endpoints,          ///< address . port . slot → address . port; one map per protocol
  node_endpoints,     ///< port . slot → address . port; one map per protocol
  hairpin,            ///< address . address: an endpoint that reaches itself is masqueraded
  services,           ///< address . protocol . port → pick
  node_ports,         ///< protocol . port → pick
  no_endpoints,       ///< address . protocol . port → reject or drop
  no_endpoint_ports,  ///< protocol . port → reject or drop
};

/// An element's key. Parts that its map does not have stay default.
struct Key {
  Map map = Map::services;
  Protocol protocol = Protocol::tcp;
  net::IpAddress address;
  std::uint16_t port = 0;
  std::uint16_t slot = 0;
  auto operator<=>(const Key&) const = default;
};

/// Where a frontend's flows go: to one of `size` endpoints, by chance or by the client's address;
/// or nowhere.
struct Verdict {
  enum class Kind : std::uint8_t {
    pick,
    hash,
    node_pick,
    node_hash,
    reject,
    drop
  } kind = Kind::reject;
  std::uint16_t size = 0;  ///< endpoints to pick from; 0 for reject and drop
  auto operator<=>(const Verdict&) const = default;
};

using Value = std::variant<std::monostate, Verdict, net::SocketAddress>;
using Elements = std::map<Key, Value>;

/// A set of elements to remove, then a set to add, in one kernel transaction; and the pick chains
/// it needs.
struct Transaction {
  Elements remove;
  Elements add;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return remove.size() + add.size(); }
};

/// The most endpoints of one frontend; further ones are left out (and said in the log).
inline constexpr std::size_t kMostEndpoints = 4096;

/// What one Service wants in one family's table. Pure and total.
///
/// Usable endpoints are the ready ones; when none is ready, those that terminate but still serve.
/// With a Local policy only endpoints of this node count, and without one the flow is dropped
/// rather than refused, as another node may have some.
/// @source KEP-1669 (terminating endpoints), KEP-2086 (internal traffic policy), Service API
/// reference
[[nodiscard]] Elements plan(const ServiceEntry& service, Family family);

[[nodiscard]] Transaction diff(const Elements& have, const Elements& want);

/// The table with its constant sets, maps and chains, but without the hooks: nothing passes through
/// it yet.
[[nodiscard]] std::string render_table(Family family, const std::string& table);
/// The base chains: with them the table takes effect.
[[nodiscard]] std::string render_hooks(Family family, const std::string& table);
/// Fills the sets that describe the node.
[[nodiscard]] std::string render_node(Family family, const std::string& table, const NodeView& node,
                                      const std::vector<net::IpAddress>& dns);
/// The chain that spreads over `size` endpoints.
[[nodiscard]] std::string render_chain(Family family, const std::string& table, Verdict verdict);
[[nodiscard]] std::string render(Family family, const std::string& table,
                                 const Transaction& transaction);

}  // namespace nodal::proxy::nft
