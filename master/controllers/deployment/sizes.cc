// master/controllers/deployment/sizes.cc — see sizes.h.
#include "master/controllers/deployment/sizes.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace nodal::master::controllers::deployment {
namespace {

constexpr const char* kDesired = "deployment.kubernetes.io/desired-replicas";
constexpr const char* kMost = "deployment.kubernetes.io/max-replicas";

std::int32_t wanted_of(const apps_v1::Deployment& deployment) {
  return deployment.spec.replicas.value_or(1);
}

std::int32_t sum(const std::vector<SetPtr>& sets, auto value) {
  std::int32_t total = 0;
  for (const auto& set : sets) total += value(*set);
  return total;
}

std::int32_t available_of(const apps_v1::ReplicaSet& set) { return set.status.available_replicas; }

std::optional<std::int32_t> noted(const apps_v1::ReplicaSet& set, const char* annotation) {
  const auto it = set.metadata.annotations.find(annotation);
  if (it == set.metadata.annotations.end()) return std::nullopt;
  const auto number = text::number<std::int32_t>(it->second);
  return number ? std::optional(*number) : std::nullopt;
}

// What a set of `replicas` has more (or less) when the Deployment may have `most` pods and had
// `most_before`.
std::int32_t share(std::int32_t replicas, std::int32_t most, std::int32_t most_before) {
  if (most_before <= 0) return 0;
  return static_cast<std::int32_t>(
             std::lround(static_cast<double>(replicas) * most / most_before)) -
         replicas;
}

std::vector<Scale> shared_out(const apps_v1::Deployment& deployment, std::vector<SetPtr> active) {
  const std::int32_t wanted = wanted_of(deployment);
  const std::int32_t most = wanted > 0 ? wanted + limits_of(deployment.spec).surge : 0;
  const std::int32_t change = most - sum(active, replicas_of);
  if (change == 0) return {};
  // The large first; among equals the new grow first and the old shrink first.
  if (change > 0) std::ranges::reverse(active);
  std::ranges::stable_sort(active, std::greater(),
                           [](const SetPtr& set) { return replicas_of(*set); });
  std::vector<Scale> out;
  std::int32_t left = change;
  for (const auto& set : active) {
    const std::int32_t due =
        share(replicas_of(*set), most, noted(*set, kMost).value_or(deployment.status.replicas));
    const std::int32_t part = change > 0 ? std::clamp(due, 0, left) : std::clamp(due, left, 0);
    out.push_back({set, replicas_of(*set) + part});
    left -= part;
  }
  // What rounding has left over.
  out.front().replicas = std::max(out.front().replicas + left, 0);
  std::erase_if(out, [](const Scale& s) { return s.replicas == replicas_of(*s.set); });
  return out;
}

}  // namespace

Limits limits_of(const apps_v1::DeploymentSpec& spec) {
  const std::int32_t replicas = spec.replicas.value_or(1);
  Limits limits;
  if (spec.strategy.type == "Recreate") return {0, 0};
  const IntOrString quarter{std::string("25%")};
  const auto& rolling = spec.strategy.rolling_update;
  const IntOrString surge = rolling && rolling->max_surge ? *rolling->max_surge : quarter;
  const IntOrString unavailable =
      rolling && rolling->max_unavailable ? *rolling->max_unavailable : quarter;
  limits.surge = surge.scaled(replicas, true).value_or(0);
  limits.unavailable = std::min(unavailable.scaled(replicas, false).value_or(0), replicas);
  if (limits.surge == 0 && limits.unavailable == 0) limits.unavailable = 1;
  return limits;
}

std::int32_t replicas_of(const apps_v1::ReplicaSet& set) { return set.spec.replicas.value_or(1); }

std::map<std::string, std::string> size_annotations(const apps_v1::Deployment& deployment) {
  const std::int32_t wanted = wanted_of(deployment);
  return {{kDesired, text::cat(wanted)},
          {kMost, text::cat(wanted + limits_of(deployment.spec).surge)}};
}

bool was_scaled(const apps_v1::Deployment& deployment, const std::vector<SetPtr>& sets) {
  return std::ranges::any_of(sets, [&](const SetPtr& set) {
    return replicas_of(*set) > 0 &&
           noted(*set, kDesired).value_or(wanted_of(deployment)) != wanted_of(deployment);
  });
}

std::vector<Scale> scaled(const apps_v1::Deployment& deployment, const std::vector<SetPtr>& sets,
                          const SetPtr& current) {
  const std::int32_t wanted = wanted_of(deployment);
  std::vector<SetPtr> active;
  for (const auto& set : sets)
    if (replicas_of(*set) > 0) active.push_back(set);
  if (active.size() <= 1) {
    const SetPtr only = !active.empty() ? active[0]
                        : current       ? current
                        : sets.empty()  ? nullptr
                                        : sets.back();
    if (!only || replicas_of(*only) == wanted) return {};
    return {{only, wanted}};
  }
  if (current && replicas_of(*current) == wanted && available_of(*current) == wanted &&
      noted(*current, kDesired) == wanted) {
    std::vector<Scale> out;
    for (const auto& set : active)
      if (set != current) out.push_back({set, 0});
    return out;
  }
  if (deployment.spec.strategy.type == "Recreate") return {};
  return shared_out(deployment, std::move(active));
}

std::vector<Scale> rolled(const apps_v1::Deployment& deployment, const SetPtr& current,
                          const std::vector<SetPtr>& old) {
  const Limits limits = limits_of(deployment.spec);
  const std::int32_t wanted = wanted_of(deployment);
  const std::int32_t total = sum(old, replicas_of) + replicas_of(*current);
  std::vector<Scale> out;
  std::int32_t current_replicas = replicas_of(*current);
  if (current_replicas > wanted) {
    out.push_back({current, wanted});
    current_replicas = wanted;
  } else if (current_replicas < wanted) {
    const std::int32_t room = wanted + limits.surge - total;
    const std::int32_t up = std::min(room, wanted - current_replicas);
    if (up > 0) return {{current, current_replicas + up}};
  }
  const std::int32_t least_available = wanted - limits.unavailable;
  const std::int32_t new_unavailable = current_replicas - available_of(*current);
  std::int32_t may_go = total - least_available - std::max(new_unavailable, 0);
  if (may_go <= 0) return out;
  // Pods of old sets that do not serve go first: they cost nothing.
  std::map<std::string, std::int32_t> target;
  for (const auto& set : old) {
    const std::int32_t broken = std::max(replicas_of(*set) - available_of(*set), 0);
    const std::int32_t down = std::min(broken, may_go);
    target[set->metadata.name] = replicas_of(*set) - down;
    may_go -= down;
  }
  const std::int32_t available = sum(old, available_of) + available_of(*current);
  std::int32_t healthy_may_go = std::min(may_go, available - least_available);
  for (const auto& set : old) {
    if (healthy_may_go <= 0) break;
    const std::int32_t down = std::min(target[set->metadata.name], healthy_may_go);
    target[set->metadata.name] -= down;
    healthy_may_go -= down;
  }
  for (const auto& set : old)
    if (target[set->metadata.name] != replicas_of(*set))
      out.push_back({set, target[set->metadata.name]});
  return out;
}

}  // namespace nodal::master::controllers::deployment
