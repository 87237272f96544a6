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
#include <string_view>
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
  slots,              ///< address . protocol . port . slot → endpoint's id, with affinity
  node_slots,         ///< protocol . port . slot → endpoint's id, with affinity
  known,              ///< address . port . endpoint's id → address . port; one map per protocol
  node_known,         ///< port . endpoint's id → address . port; one map per protocol
  hairpin,            ///< address . address: an endpoint; one that reaches itself is masqueraded
  cluster_ips,        ///< address: of a Service, so its other ports are refused
  others,             ///< address: of another proxy's Service, never refused
  limited,            ///< address . protocol . port: only some sources may reach it
  sources,            ///< address . protocol . port . range of sources that may
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
  std::uint32_t slot = 0;  ///< or an endpoint's id, or a range's prefix length
  net::IpAddress range;    ///< of sources
  auto operator<=>(const Key&) const = default;
};

/// Where a frontend's flows go: to one of `size` endpoints by chance, each client to the one it had
/// before or by chance; or nowhere.
struct Verdict {
  enum class Kind : std::uint8_t {
    pick,
    sticky,
    node_pick,
    node_sticky,
    reject,
    drop
  } kind = Kind::reject;
  std::uint16_t size = 0;     ///< endpoints to pick from; 0 for reject and drop
  std::uint32_t seconds = 0;  ///< how long a client is remembered since its last connection
  auto operator<=>(const Verdict&) const = default;
  [[nodiscard]] bool is_sticky() const { return kind == Kind::sticky || kind == Kind::node_sticky; }
};

/// Names an endpoint of a frontend for as long as it is one, whatever others come and go, in this
/// process and the next.
struct EndpointId {
  std::uint32_t value = 0;
  auto operator<=>(const EndpointId&) const = default;
};

using Value = std::variant<std::monostate, Verdict, net::SocketAddress, EndpointId>;
using Elements = std::map<Key, Value>;

/// A set of elements to remove, then a set to add, in one kernel transaction; and the pick chains
/// it needs.
struct Transaction {
  Elements remove;
  Elements add;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return remove.size() + add.size(); }
};

/// The most clients that are remembered; further ones are told apart by their addresses alone.
inline constexpr std::size_t kMostClients = 65536;

/// What one Service wants in one family's table. Pure and total.
///
/// A flow that finds no endpoint is refused; but dropped where a Local policy leaves none and
/// another node may have some.
/// @source Service API reference
[[nodiscard]] Elements plan(const ServiceEntry& service, Family family);

/// Those that no other one contains: nft refuses intervals that overlap.
[[nodiscard]] std::vector<net::Cidr> outermost(const std::vector<net::Cidr>& ranges);

[[nodiscard]] Transaction diff(const Elements& have, const Elements& want);

/// The table with its constant sets, maps and chains, but without the hooks: nothing passes through
/// it yet.
[[nodiscard]] std::string render_table(Family family, const std::string& table);
/// The base chains: with them the table takes effect.
[[nodiscard]] std::string render_hooks(Family family, const std::string& table);
/// The map of the clients that Services with session affinity remember.
inline constexpr std::string_view kAffinityMap = "affinity";
/// The elements of that map in nft's listing of it, each as nft takes it; what cannot be taken is
/// left out.
[[nodiscard]] std::vector<std::string> remembered(std::string_view listing);
/// Fills the sets that describe the node.
[[nodiscard]] std::string render_node(Family family, const std::string& table, const NodeView& node,
                                      const std::vector<net::IpAddress>& dns);
/// The chains that spread over `size` endpoints.
[[nodiscard]] std::string render_chain(Family family, const std::string& table, Verdict verdict);
[[nodiscard]] std::string render(Family family, const std::string& table,
                                 const Transaction& transaction);

}  // namespace nodal::proxy::nft
