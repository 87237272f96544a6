// master/scheduler/snapshot.cc — see snapshot.h.
#include "master/scheduler/snapshot.h"

#include <algorithm>

namespace nodal::master::scheduler {
namespace {

constexpr std::int64_t kDefaultMilliCpu = 100;
constexpr std::int64_t kDefaultMemory = 200LL * 1000 * 1000;

Resources weight_of(const core_v1::ResourceRequirements& wanted) {
  Resources out = client::requests_of(wanted);
  if (out.milli_cpu == 0) out.milli_cpu = kDefaultMilliCpu;
  if (out.memory == 0) out.memory = kDefaultMemory;
  return out;
}

}  // namespace

bool PodFacts::has_pod_affinity() const {
  const auto& affinity = pod->spec.affinity;
  return affinity && (affinity->pod_affinity || affinity->pod_anti_affinity);
}

bool PodFacts::has_anti_affinity() const {
  const auto& affinity = pod->spec.affinity;
  return affinity && affinity->pod_anti_affinity &&
         !affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution.empty();
}

PodFacts facts_of(std::shared_ptr<const core_v1::Pod> pod) {
  PodFacts out;
  out.requests = client::requests_of(pod->spec);
  out.weight = client::requests_of(pod->spec, weight_of);
  out.host_ports = client::host_ports_of(pod->spec);
  for (const auto& owner : pod->metadata.owner_references)
    if (owner.controller.value_or(false)) out.controller = owner.uid;
  out.pod = std::move(pod);
  return out;
}

void ClusterSnapshot::put_node(std::shared_ptr<const core_v1::Node> node) {
  auto& facts = nodes_[node->metadata.name];
  if (!facts.node) ++node_count_;
  facts.allocatable = client::amounts_of(node->status.allocatable);
  const auto pods = node->status.allocatable.find("pods");
  facts.allowed_pods = pods == node->status.allocatable.end() ? 0 : pods->second.value();
  facts.images.clear();
  for (const auto& image : node->status.images)
    for (const auto& name : image.names) facts.images[name] = image.size_bytes;
  facts.node = std::move(node);
}

void ClusterSnapshot::remove_node(std::string_view name) {
  const auto it = nodes_.find(name);
  if (it == nodes_.end() || !it->second.node) return;
  --node_count_;
  if (it->second.pods.empty())
    nodes_.erase(it);
  else
    it->second.node = nullptr;
}

void ClusterSnapshot::put_pod(const std::string& key, PodFacts facts, const std::string& node) {
  remove_pod(key);
  auto& place = nodes_[node];
  place.requested += facts.requests;
  place.weight += facts.weight;
  place.host_ports.insert(facts.host_ports.begin(), facts.host_ports.end());
  if (!facts.controller.empty()) ++place.controllers[facts.controller];
  anti_affine_ += facts.has_anti_affinity() ? 1 : 0;
  place.pods.insert_or_assign(key, std::move(facts));
  placed_.insert_or_assign(key, node);
}

void ClusterSnapshot::remove_pod(std::string_view key) {
  const auto placed = placed_.find(key);
  if (placed == placed_.end()) return;
  const auto place = nodes_.find(placed->second);
  auto& node = place->second;
  const auto it = node.pods.find(key);
  const auto& facts = it->second;
  node.requested -= facts.requests;
  node.weight -= facts.weight;
  for (const auto& port : facts.host_ports) node.host_ports.erase(node.host_ports.find(port));
  if (!facts.controller.empty())
    if (const auto count = node.controllers.find(facts.controller); --count->second == 0)
      node.controllers.erase(count);
  anti_affine_ -= facts.has_anti_affinity() ? 1 : 0;
  node.pods.erase(it);
  placed_.erase(placed);
  if (node.pods.empty() && !node.node) nodes_.erase(place);
}

std::string ClusterSnapshot::node_of(std::string_view key) const {
  const auto it = placed_.find(key);
  return it == placed_.end() ? std::string() : it->second;
}

}  // namespace nodal::master::scheduler
