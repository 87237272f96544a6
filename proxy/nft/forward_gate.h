// proxy/nft/forward_gate.h — lets pods' traffic pass a FORWARD chain that drops by policy, as a
// dockerd leaves it.
#pragma once

#include <vector>

#include "base/net/address.h"
#include "base/result.h"
#include "proxy/nft/applier.h"

namespace nodal::proxy::nft {

/// Two rules at the head of the chain FORWARD of table "ip filter" (iptables' own, over nftables),
/// marked by a comment: from pods and to pods. An accept of ours in another table could not lift
/// that policy's drop. Hosts with the legacy iptables back end have no such table; `nodectl` says
/// so. Thread: one owner.
class ForwardGate {
 public:
  explicit ForwardGate(Applier applier) : applier_(std::move(applier)) {}

  /// Idempotent; nothing is done without such a chain.
  Result<> open_for(const std::vector<net::Cidr>& pods);
  /// Takes our rules out again, also those of an earlier process.
  Result<> close();

 private:
  Applier applier_;
};

}  // namespace nodal::proxy::nft
