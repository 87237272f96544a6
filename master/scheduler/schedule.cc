// master/scheduler/schedule.cc — see schedule.h.
#include "master/scheduler/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"
#include "master/scheduler/filter.h"

namespace nodal::master::scheduler {
namespace {

constexpr double kBest = 100;
constexpr std::int64_t kMega = 1024LL * 1024;

// What each node scores raw, before it is put in relation to the others.
struct Raw {
  const NodeFacts* node = nullptr;
  double room = 0, evenness = 0, images = 0;         // 0 … 100 already
  std::int64_t node_affinity = 0, pod_affinity = 0;  // more is better
  std::int64_t soft_taints = 0, same = 0;            // less is better
};

double share_free(std::int64_t taken, std::int64_t whole) {
  return whole <= 0 || taken >= whole
             ? 0.0
             : 1.0 - static_cast<double>(taken) / static_cast<double>(whole);
}

Raw rate(const PodContext& context, const NodeFacts& node) {
  Raw out{.node = &node};
  const auto& pod = context.pod();
  const double cpu =
      share_free(node.weight.milli_cpu + pod.weight.milli_cpu, node.allocatable.milli_cpu);
  const double memory = share_free(node.weight.memory + pod.weight.memory, node.allocatable.memory);
  out.room = kBest * (cpu + memory) / 2;
  out.evenness = kBest * (1 - std::abs(cpu - memory) / 2);
  const auto& spec = pod.pod->spec;
  for (const auto& container : spec.containers) {
    auto it = node.images.find(container.image);
    if (it == node.images.end()) it = node.images.find("docker.io/library/" + container.image);
    if (it != node.images.end())
      out.images += std::clamp((static_cast<double>(it->second) - 23.0 * kMega) /
                                   (977.0 * kMega * static_cast<double>(spec.containers.size())),
                               0.0, 1.0) *
                    kBest;
  }
  out.images = std::min(out.images, kBest);
  if (spec.affinity && spec.affinity->node_affinity)
    for (const auto& preferred :
         spec.affinity->node_affinity->preferred_during_scheduling_ignored_during_execution)
      if (node_matches(preferred.preference, *node.node)) out.node_affinity += preferred.weight;
  for (const auto& taint : node.node->spec.taints)
    if (taint.effect == "PreferNoSchedule" && !tolerates(spec.tolerations, taint))
      ++out.soft_taints;
  out.pod_affinity = context.affinity_score(node);
  out.same = context.spread_score(node);
  if (!pod.controller.empty() && spec.topology_spread_constraints.empty())
    if (const auto it = node.controllers.find(pod.controller); it != node.controllers.end())
      out.same += it->second;
  return out;
}

struct Range {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  void take(std::int64_t value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  // 0 for the least, 100 for the most; all alike: 0.
  [[nodiscard]] double place(std::int64_t value) const {
    return most == least
               ? 0
               : kBest * static_cast<double>(value - least) / static_cast<double>(most - least);
  }
};

using Tally = std::map<std::string, int>;  // reason → nodes

std::string available(std::size_t nodes, const Tally& reasons) {
  std::vector<std::string> parts;
  parts.reserve(reasons.size());
  for (const auto& [reason, count] : reasons) parts.push_back(text::cat(count, " ", reason));
  std::ranges::sort(parts);
  return text::cat("0/", nodes, " nodes are available: ", text::join(parts, ", "), ".");
}

bool has_lesser_pods(const NodeFacts& node, std::int32_t priority) {
  return std::ranges::any_of(node.pods, [&](const auto& entry) {
    return entry.second.pod->spec.priority.value_or(0) < priority;
  });
}

// Whether it would help to remove pods for this one, in kube-scheduler's words; where it would
// there is nothing to say, as this scheduler removes none.
// @param crowded  the nodes that only their pods keep from taking this one
std::string preemption(const core_v1::PodSpec& spec, std::size_t nodes,
                       const std::vector<const NodeFacts*>& crowded) {
  if (spec.preemption_policy.value_or("") == "Never")
    return " preemption: not eligible due to preemptionPolicy=Never.";
  if (std::ranges::any_of(crowded, [&](const NodeFacts* node) {
        return has_lesser_pods(*node, spec.priority.value_or(0));
      }))
    return "";
  Tally reasons;
  if (!crowded.empty())
    reasons["No preemption victims found for incoming pod"] = static_cast<int>(crowded.size());
  if (crowded.size() < nodes)
    reasons["Preemption is not helpful for scheduling"] = static_cast<int>(nodes - crowded.size());
  return text::cat(" preemption: ", available(nodes, reasons));
}

}  // namespace

Decision schedule(const PodFacts& pod, const ClusterSnapshot& cluster) {
  const PodContext context(pod, cluster);
  std::vector<Raw> fit;
  Tally reasons;
  std::vector<const NodeFacts*> crowded;
  Range node_affinity, pod_affinity, soft_taints, same;
  for (const auto& [name, node] : cluster.nodes()) {
    if (!node.node) continue;
    if (auto refusal = context.refusal(node)) {
      for (auto& reason : refusal.reasons) ++reasons[std::move(reason)];
      if (refusal.by_pods) crowded.push_back(&node);
      continue;
    }
    const Raw raw = rate(context, node);
    node_affinity.take(raw.node_affinity);
    pod_affinity.take(raw.pod_affinity);
    soft_taints.take(raw.soft_taints);
    same.take(raw.same);
    fit.push_back(raw);
  }
  const auto nodes = cluster.node_count();
  if (nodes == 0) return {"", "no nodes available to schedule pods"};
  if (fit.empty())
    return {"", text::cat(available(nodes, reasons), preemption(pod.pod->spec, nodes, crowded))};

  const NodeFacts* best = nullptr;
  double best_score = 0;
  for (const auto& raw : fit) {
    const double score =
        raw.room + raw.evenness + raw.images + 2 * node_affinity.place(raw.node_affinity) +
        2 * pod_affinity.place(raw.pod_affinity) + 2 * (kBest - same.place(raw.same)) +
        3 * (kBest - soft_taints.place(raw.soft_taints));
    if (best == nullptr || score > best_score ||
        (score == best_score && raw.node->chosen < best->chosen)) {
      best = raw.node;
      best_score = score;
    }
  }
  return {best->node->metadata.name, ""};
}

}  // namespace nodal::master::scheduler
