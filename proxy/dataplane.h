// proxy/dataplane.h — what programs the kernel: nftables today, eBPF beside it later.
#pragma once

#include <string>

#include "base/result.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy {

/// Addresses of this node that the dataplane must know.
struct NodeView {
  std::string name;
  std::vector<net::IpAddress>
      addresses;  ///< NodePorts answer on these (and on loopback never: route_localnet stays 0)
  std::vector<net::Cidr> pod_cidrs;  ///< of this node
  std::vector<net::Cidr>
      cluster_cidrs;  ///< of all pods: traffic from elsewhere is masqueraded to ClusterIPs
  std::vector<net::Cidr> service_cidrs;  ///< of all cluster IPs: what is no Service's is refused
  bool operator==(const NodeView&) const = default;
};

/// Thread: owned by the sync loop.
class Dataplane {
 public:
  virtual ~Dataplane() = default;
  /// Reads what the kernel holds of ours, so that a restart continues from it without a gap.
  virtual Result<> adopt() = 0;
  /// Idempotent. Programs the changed Services; with `since.everything` it compares all of them
  /// with what it holds.
  virtual Result<> sync(const ServiceSnapshot& want, const NodeView& node,
                        const Changes& since) = 0;
  /// False when our tables are not hooked any more, or no sync was good yet: the next sync must be
  /// full. Cheap at any number of Services: it does not read the elements.
  virtual Result<bool> intact() = 0;
  /// All we ever installed, also by an earlier process.
  virtual Result<> remove() = 0;
  /// Sorted text, ids masked: golden file = operator's view. One line per frontend:
  /// "10.96.0.10:80/TCP -> 10.244.1.2:8080, 10.244.1.3:8080" or "… -> reject".
  virtual Result<std::string> dump() = 0;
};

}  // namespace nodal::proxy
