// master/scheduler/snapshot.h — what the scheduler knows of the cluster, kept up to date change by
// change: nodes, what they can give, and what the pods on them take.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/client/placement.h"
#include "gen/core_v1.h"

namespace nodal::master::scheduler {

using Resources = client::Amounts;
using client::HostPort;

/// A pod as the scheduler sees it: read once from its spec.
struct PodFacts {
  std::shared_ptr<const core_v1::Pod> pod;
  Resources requests;  ///< what must be free
  Resources weight;  ///< what scoring counts: a container that asks for nothing counts 100m, 200 MB
  std::vector<HostPort> host_ports;
  std::string controller;  ///< uid of the controlling owner, "" for none
  [[nodiscard]] bool has_pod_affinity() const;
  [[nodiscard]] bool has_anti_affinity() const;  ///< required terms only
};

PodFacts facts_of(std::shared_ptr<const core_v1::Pod> pod);

struct NodeFacts {
  std::shared_ptr<const core_v1::Node> node;  ///< null while only its pods are known
  Resources allocatable;
  std::int64_t allowed_pods = 0;
  Resources requested;
  Resources weight;
  std::map<std::string, PodFacts, std::less<>> pods;  ///< by "namespace/name"
  std::multiset<HostPort> host_ports;
  std::map<std::string, int, std::less<>> controllers;      ///< pods of each controller
  std::map<std::string, std::int64_t, std::less<>> images;  ///< size by name, bytes
  std::uint64_t chosen = 0;  ///< when it was last chosen: of equal nodes, the longest waiting wins
};

/// Not thread-safe: the scheduler's lock guards it.
class ClusterSnapshot {
 public:
  void put_node(std::shared_ptr<const core_v1::Node> node);
  void remove_node(std::string_view name);
  /// Counts the pod on `node`; one with that key elsewhere (assumed, or an older state) goes first.
  void put_pod(const std::string& key, PodFacts facts, const std::string& node);
  void remove_pod(std::string_view key);
  /// Remembers that a pod was just placed there.
  void mark_chosen(const std::string& node) { nodes_[node].chosen = ++clock_; }

  /// By name. Those without a Node object have `node` null.
  [[nodiscard]] const std::map<std::string, NodeFacts, std::less<>>& nodes() const {
    return nodes_;
  }
  [[nodiscard]] std::size_t node_count() const { return node_count_; }
  /// How many placed pods have required anti-affinity: while none has, nobody looks for them.
  [[nodiscard]] std::size_t anti_affine() const { return anti_affine_; }
  /// The node a pod is counted on, or "".
  [[nodiscard]] std::string node_of(std::string_view key) const;

 private:
  std::map<std::string, NodeFacts, std::less<>> nodes_;
  std::map<std::string, std::string, std::less<>> placed_;  // pod key → node
  std::size_t node_count_ = 0;
  std::size_t anti_affine_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace nodal::master::scheduler
