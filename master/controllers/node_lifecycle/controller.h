// master/controllers/node_lifecycle/controller.h — pod address ranges, silent nodes, taints,
// evictions, pods of lost nodes.
#pragma once

#include <map>

#include "base/net/address.h"
#include "master/controllers/controller.h"
#include "master/controllers/node_lifecycle/plan.h"

namespace nodal::master::controllers {

class NodeLifecycleController final : public Controller {
 public:
  /// @param cluster_cidr  all pods; each node gets a /24 (IPv4) or /64 (IPv6) of it
  NodeLifecycleController(Context context, net::Cidr cluster_cidr);
  ~NodeLifecycleController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;
  /// Pods bound to a node that does not exist are removed: nobody else will.
  Result<> remove_orphans(const std::string& node);

  const net::Cidr cluster_cidr_;
  /// Since when pods name a node that does not exist; the loop's thread.
  std::map<std::string, TimePoint> missing_;
  std::map<std::string, node_lifecycle::TaintTimes> tainted_;  ///< by node; the loop's thread
};

}  // namespace nodal::master::controllers
