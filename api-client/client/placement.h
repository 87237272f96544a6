// api-client/client/placement.h — what pods ask of a node and what a node grants: amounts, ports,
// selectors, taints. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gen/core_v1.h"

namespace nodal::client {

/// Amounts of what nodes give and pods take.
struct Amounts {
  std::int64_t milli_cpu = 0;
  std::int64_t memory = 0;                     ///< bytes
  std::int64_t ephemeral_storage = 0;          ///< bytes
  std::map<std::string, std::int64_t> others;  ///< hugepages-*, extended resources: whole units

  Amounts& operator+=(const Amounts& other);
  Amounts& operator-=(const Amounts& other);
  /// At least as much of each as `other`.
  void raise_to(const Amounts& other);
  bool operator==(const Amounts&) const = default;
};
Amounts amounts_of(const std::map<std::string, Quantity>& quantities);
/// Of one container; limits stand in for absent requests.
Amounts requests_of(const core_v1::ResourceRequirements& wanted);
/// Of the whole pod, where a container counts what `of` makes of it.
/// @source Pod resources: the sum of the containers (and of init containers that keep running), or
/// the largest init container with what runs beside it; plus overhead
Amounts requests_of(
    const core_v1::PodSpec& spec,
    const std::function<Amounts(const core_v1::ResourceRequirements&)>& of =
        [](const core_v1::ResourceRequirements& wanted) { return requests_of(wanted); });

/// A port of the node itself that a pod takes.
struct HostPort {
  std::string protocol;
  std::string address;  ///< "" stands for every address
  std::int32_t port = 0;
  auto operator<=>(const HostPort&) const = default;
};
std::vector<HostPort> host_ports_of(const core_v1::PodSpec& spec);
/// The same port and protocol, and addresses that overlap.
bool conflict(const HostPort& a, const HostPort& b);

/// The value of a node's label; null when it has none of that key.
const std::string* label(const core_v1::Node& node, std::string_view key);
/// nodeSelector and required node affinity.
bool node_matches(const core_v1::PodSpec& spec, const core_v1::Node& node);
/// One term of node affinity; a term without requirements matches nothing.
bool node_matches(const core_v1::NodeSelectorTerm& term, const core_v1::Node& node);
bool tolerates(const std::vector<core_v1::Toleration>& tolerations, const core_v1::Taint& taint);

}  // namespace nodal::client
