// agent/pod/admission.h — pods that this node does not run, whatever the scheduler thought.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gen/core_v1.h"

namespace nodal::agent {

/// The reason and message of a pod that fails before anything of it is made.
struct Rejection {
  std::string reason, message;
  bool operator==(const Rejection&) const = default;
};

/// Only what the kernel keeps apart for each pod, and what cannot harm the node, may be set.
/// @source Using sysctls in a Kubernetes Cluster: the safe set
[[nodiscard]] std::optional<Rejection> rejection(const core_v1::Pod& pod);

/// A pod that the node cannot take: what it asks for is not there, it wants another node, or the
/// node wants no such pod. In Kubernetes' words.
/// @param others  those that the node has taken, and that have not ended
/// @source Node admission of kubelet: OutOfcpu, OutOfmemory, OutOfpods, NodeAffinity, NodePorts,
/// TaintToleration
[[nodiscard]] std::optional<Rejection> misfit(
    const core_v1::Pod& pod, const core_v1::Node& node,
    const std::vector<std::shared_ptr<const core_v1::Pod>>& others);
/// Whether the node says yet what it can give.
[[nodiscard]] bool is_measured(const core_v1::Node& node);

/// The name of a kernel parameter with dots between its parts; "net/ipv4/conf/eth0.1/arp" has dots
/// inside a part, which become slashes.
[[nodiscard]] std::string dotted_sysctl(std::string name);

}  // namespace nodal::agent
