// proxy/nft/host_gate.h — lets the cluster's traffic pass chains of the host that drop by policy,
// as a dockerd or a firewall leaves them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/nft/applier.h"
#include "proxy/synced.h"

namespace nodal::proxy::nft {

/// What must pass, as matches in nft's own way of writing them. iptables must understand them too:
/// one rule that it does not, and it refuses to touch the table at all.
struct Passages {
  std::set<std::string> forward;
  std::set<std::string> input;  ///< only when the chain drops anything
  bool operator==(const Passages&) const = default;
};

/// The most endpoints outside the pods' ranges that are let through.
inline constexpr std::size_t kMostOutside = 128;

/// The endpoints outside `pods` that clients from elsewhere reach through a nodePort or a load
/// balancer. Pure.
[[nodiscard]] std::set<std::pair<Protocol, net::SocketAddress>> outside_endpoints(
    const ServiceEntry& service, const std::vector<net::Cidr>& pods);

/// The commands that make a chain of table "ip filter" have our rules, each once, and no other of
/// ours. Pure.
/// @param listing  of the chain, by nft, with handles
[[nodiscard]] std::string plan_gate(std::string_view chain, std::string_view listing,
                                    const std::set<std::string>& matches);
/// Whether the chain keeps anything out, our own rules aside. Pure.
[[nodiscard]] bool keeps_out(std::string_view listing);

/// Rules at the head of the chains FORWARD and INPUT of table "ip filter" (iptables' own, over
/// nftables), marked by a comment: pods' traffic and that of endpoints elsewhere is forwarded, pods
/// reach this node's DNS and API server. An accept of ours in another table could not lift a drop
/// there. Hosts with the legacy iptables back end have no such table; `nodectl` says so. Thread:
/// one owner.
class HostGate {
 public:
  struct Options {
    std::vector<net::Cidr> pods;
    std::vector<net::IpAddress> dns;  ///< answered by this node
  };
  HostGate(Applier applier, Options options)
      : applier_(std::move(applier)), options_(std::move(options)) {}

  /// Idempotent; nothing is done where there are no such chains.
  Result<> open();
  /// Opens for what Services lead to now.
  Result<> follow(const Synced& synced);
  /// Takes our rules out again, also those of an earlier process.
  Result<> close();

 private:
  [[nodiscard]] Passages passages() const;
  Result<> apply(std::string_view chain, const std::set<std::string>& matches, bool only_if_closed);

  Applier applier_;
  Options options_;
  std::map<std::string, std::set<std::pair<Protocol, net::SocketAddress>>> outside_;  // by Service
  std::set<net::SocketAddress> api_servers_;  // on this node
};

}  // namespace nodal::proxy::nft
