// master/scheduler/filter.h — may a pod run on a node. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "master/scheduler/snapshot.h"

namespace nodal::master::scheduler {

/// Why a node cannot take a pod.
struct Refusal {
  std::vector<std::string> reasons;
  bool by_pods = false;  ///< pods on the node stand in the way: without them it might take it
  [[nodiscard]] explicit operator bool() const { return !reasons.empty(); }
};

/// What a pod asks of the cluster as a whole, computed once before its nodes are looked at: where
/// the pods stand that its affinity and spreading rules count.
class PodContext {
 public:
  PodContext(const PodFacts& pod, const ClusterSnapshot& cluster);

  [[nodiscard]] const PodFacts& pod() const { return pod_; }
  /// Why the node cannot take the pod; without reasons it can. In Kubernetes' words.
  /// @source the filter plugins of kube-scheduler; their messages are what `kubectl describe` shows
  [[nodiscard]] Refusal refusal(const NodeFacts& node) const;

  /// The sum of the weights of preferred affinity terms that the node's topology satisfies.
  [[nodiscard]] std::int64_t affinity_score(const NodeFacts& node) const;
  /// How many pods that ScheduleAnyway constraints count stand in the node's domains.
  [[nodiscard]] std::int64_t spread_score(const NodeFacts& node) const;

 private:
  using Counts = std::map<std::string, int, std::less<>>;  // topology value → matching pods
  struct Term {
    const core_v1::PodAffinityTerm* rule;
    Counts domains;
    std::int64_t weight = 0;  // preferred terms; negative for anti-affinity
    bool matches_itself = false;
    bool anywhere = false;
  };
  struct Spread {
    const core_v1::TopologySpreadConstraint* rule;
    Counts domains;
    int fewest = 0;
    bool matches_itself = false;
  };

  void count_terms(const ClusterSnapshot& cluster);
  void count_spreads(const ClusterSnapshot& cluster);
  [[nodiscard]] Refusal refused_by_room(const NodeFacts& node) const;
  [[nodiscard]] Refusal refused_by_affinity(const NodeFacts& node) const;
  [[nodiscard]] Refusal refused_by_spread(const NodeFacts& node) const;

  const PodFacts& pod_;
  std::vector<Term> required_, forbidden_, preferred_;
  std::vector<Spread> hard_, soft_;
  // Topologies from which anti-affinity of pods already placed keeps this one: (key, value).
  std::map<std::string, std::map<std::string, bool, std::less<>>, std::less<>> kept_out_;
};

using client::node_matches;
using client::tolerates;

}  // namespace nodal::master::scheduler
