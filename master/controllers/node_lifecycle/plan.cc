// master/controllers/node_lifecycle/plan.cc — see plan.h.
#include "master/controllers/node_lifecycle/plan.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "master/controllers/controller.h"

namespace nodal::master::controllers::node_lifecycle {
namespace {

constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";
constexpr const char* kUnschedulable = "node.kubernetes.io/unschedulable";
constexpr const char* kHeartbeats[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

// More seconds than any pod lives: what is longer would not fit into a time.
constexpr std::int64_t kAges = 1'000'000'000;

struct Pressure {
  const char* condition;
  const char* taint;
};
constexpr Pressure kPressures[] = {{"MemoryPressure", "node.kubernetes.io/memory-pressure"},
                                   {"DiskPressure", "node.kubernetes.io/disk-pressure"},
                                   {"PIDPressure", "node.kubernetes.io/pid-pressure"}};

bool is_ours(const std::string& key) {
  return key == kNotReady || key == kUnreachable || key == kUnschedulable ||
         std::ranges::any_of(kPressures, [&](const auto& p) { return key == p.taint; });
}

std::string status_of(const std::vector<core_v1::NodeCondition>& conditions,
                      std::string_view type) {
  for (const auto& condition : conditions)
    if (condition.type == type) return condition.status;
  return "Unknown";
}

bool tolerates(const core_v1::Toleration& toleration, const core_v1::Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.operator_ == "Exists") return true;
  return !toleration.key.empty() && toleration.value == taint.value;
}

std::string taint_key(const core_v1::Taint& taint) {
  return text::cat(taint.key, "=", taint.value, ":", taint.effect);
}

// When the scheduler or somebody else put the pod on its node.
TimePoint placed_at(const core_v1::Pod& pod) {
  for (const auto& condition : pod.status.conditions)
    if (condition.type == "PodScheduled" && condition.status == "True" &&
        condition.last_transition_time)
      return *condition.last_transition_time;
  return pod.metadata.creation_timestamp.value_or(TimePoint{});
}

// When a pod must leave because of a NoExecute taint; nothing while it may stay. The first
// toleration that matches decides, and its time runs from when pod and taint have met.
std::optional<TimePoint> leaves_at(const core_v1::Pod& pod, const core_v1::Taint& taint,
                                   TimePoint since) {
  const auto& tolerations = pod.spec.tolerations;
  const auto it =
      std::ranges::find_if(tolerations, [&](const auto& t) { return tolerates(t, taint); });
  if (it == tolerations.end()) return since;
  if (!it->toleration_seconds) return std::nullopt;
  const std::chrono::seconds stays(std::clamp<std::int64_t>(*it->toleration_seconds, 0, kAges));
  return std::max(since, placed_at(pod)) + stays;
}

}  // namespace

TaintTimes taints_seen(const core_v1::Node& node, const TaintTimes& before, TimePoint now) {
  TaintTimes out;
  for (const auto& taint : node.spec.taints) {
    if (taint.effect != "NoExecute" || taint.time_added) continue;
    const auto key = taint_key(taint);
    const auto it = before.find(key);
    out.emplace(key, it == before.end() ? now : it->second);
  }
  return out;
}

Plan plan(const core_v1::Node& node, std::optional<TimePoint> renewed,
          const std::vector<std::shared_ptr<const core_v1::Pod>>& pods, const TaintTimes& seen,
          TimePoint now) {
  Plan out;
  TimePoint heard = renewed.value_or(node.metadata.creation_timestamp.value_or(now));
  for (const auto& condition : node.status.conditions)
    if (condition.type == "Ready" && condition.status != "Unknown" && condition.last_heartbeat_time)
      heard = std::max(heard, *condition.last_heartbeat_time);
  const bool silent = now - heard > kGrace;
  auto conditions = node.status.conditions;
  if (silent) {
    for (const char* type : kHeartbeats) {
      const auto it = std::ranges::find(conditions, type, &core_v1::NodeCondition::type);
      if (it != conditions.end() && it->status == "Unknown") continue;
      core_v1::NodeCondition next;
      if (it != conditions.end()) next = *it;
      next.type = type;
      next.status = "Unknown";
      next.reason = it == conditions.end() ? "NodeStatusNeverUpdated" : "NodeStatusUnknown";
      next.message = it == conditions.end() ? "Kubelet never posted node status."
                                            : "Kubelet stopped posting node status.";
      next.last_transition_time = now;
      if (it == conditions.end()) {
        conditions.push_back(std::move(next));
      } else {
        *it = std::move(next);
      }
    }
    if (conditions != node.status.conditions) out.conditions = conditions;
    for (const auto& pod : pods)
      if (is_ready(*pod)) out.unready.push_back(client::key_of(*pod));
  } else {
    out.look_again = heard + kGrace + std::chrono::seconds(1);
  }

  std::vector<core_v1::Taint> taints;
  for (const auto& taint : node.spec.taints)
    if (!is_ours(taint.key)) taints.push_back(taint);
  const auto want = [&](const char* key, const char* effect) {
    const auto it = std::ranges::find_if(
        node.spec.taints, [&](const auto& t) { return t.key == key && t.effect == effect; });
    core_v1::Taint taint;
    if (it != node.spec.taints.end()) {
      taint = *it;
    } else {
      taint.key = key;
      taint.effect = effect;
      if (std::string_view(effect) == "NoExecute") taint.time_added = now;
    }
    taints.push_back(std::move(taint));
  };
  const auto ready = status_of(conditions, "Ready");
  if (ready != "True") {
    const char* key = ready == "False" ? kNotReady : kUnreachable;
    want(key, "NoSchedule");
    want(key, "NoExecute");
  }
  for (const auto& pressure : kPressures)
    if (status_of(conditions, pressure.condition) == "True") want(pressure.taint, "NoSchedule");
  if (node.spec.unschedulable) want(kUnschedulable, "NoSchedule");
  const auto order = [](const core_v1::Taint& t) { return t.key + "|" + t.effect; };
  auto before = node.spec.taints;
  auto after = taints;
  std::ranges::sort(before, {}, order);
  std::ranges::sort(after, {}, order);
  if (before != after) out.taints = taints;

  for (const auto& taint : taints) {
    if (taint.effect != "NoExecute") continue;
    const auto first = seen.find(taint_key(taint));
    const TimePoint since = taint.time_added.value_or(first == seen.end() ? now : first->second);
    for (const auto& pod : pods) {
      if (pod->metadata.deletion_timestamp) continue;
      const auto end = leaves_at(*pod, taint, since);
      if (!end) continue;
      if (*end <= now) {
        const auto key = client::key_of(*pod);
        if (std::ranges::find(out.evict, key) == out.evict.end()) out.evict.push_back(key);
      } else {
        out.look_again = std::min(out.look_again.value_or(*end), *end);
      }
    }
  }
  return out;
}

std::optional<net::Cidr> free_pod_cidr(
    const net::Cidr& cluster, int prefix_length,
    const std::vector<std::shared_ptr<const core_v1::Node>>& nodes) {
  if (prefix_length < cluster.prefix_length()) return std::nullopt;
  std::set<net::Cidr> taken;
  for (const auto& node : nodes) {
    for (const auto& text : node->spec.pod_cidrs)
      if (const auto cidr = net::Cidr::parse(text)) taken.insert(*cidr);
    if (const auto cidr = net::Cidr::parse(node->spec.pod_cidr)) taken.insert(*cidr);
  }
  const std::uint64_t count = std::uint64_t{1}
                              << std::min(prefix_length - cluster.prefix_length(), 20);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto candidate = cluster.subnet(prefix_length, i);
    const auto near = taken.lower_bound(candidate);
    if (near != taken.end() && candidate.overlaps(*near)) continue;
    if (near != taken.begin() && candidate.overlaps(*std::prev(near))) continue;
    return candidate;
  }
  return std::nullopt;
}

}  // namespace nodal::master::controllers::node_lifecycle
