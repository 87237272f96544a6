// master/controllers/node_lifecycle/plan.h — a node and its lease → its range of pod addresses, its
// health, its taints. Pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/net/address.h"
#include "gen/coordination_v1.h"
#include "gen/core_v1.h"

namespace nodal::master::controllers::node_lifecycle {

/// How long a node may be silent before its conditions become Unknown.
inline constexpr std::chrono::seconds kGrace{40};

struct Plan {
  std::vector<core_v1::NodeCondition> conditions;  ///< all of them, when any changes; else empty
  std::optional<std::vector<core_v1::Taint>> taints;
  std::vector<std::string> evict;  ///< pods ("namespace/name") whose toleration has run out
  std::vector<std::string>
      unready;  ///< pods whose Ready condition must become False: their node is silent
  std::optional<TimePoint> look_again;
};

/// Since when a node has its NoExecute taints that do not say it themselves: those that somebody
/// wrote by hand. By key, value and effect.
using TaintTimes = std::map<std::string, TimePoint>;
[[nodiscard]] TaintTimes taints_seen(const core_v1::Node& node, const TaintTimes& before,
                                     TimePoint now);

/// @param renewed  when the lease was last renewed, nothing without a lease
/// @param seen     taints_seen() of this node
/// @source Node status and lease heartbeats (KEP-589); taint-based evictions (kubernetes.io, Taints
/// and Tolerations)
[[nodiscard]] Plan plan(const core_v1::Node& node, std::optional<TimePoint> renewed,
                        const std::vector<std::shared_ptr<const core_v1::Pod>>& pods,
                        const TaintTimes& seen, TimePoint now);

/// The first subnet of `cluster` that no node has; nothing when all are taken.
[[nodiscard]] std::optional<net::Cidr> free_pod_cidr(
    const net::Cidr& cluster, int prefix_length,
    const std::vector<std::shared_ptr<const core_v1::Node>>& nodes);

}  // namespace nodal::master::controllers::node_lifecycle
