// master/scheduler/filter.cc — see filter.h.
#include "master/scheduler/filter.h"

#include <algorithm>
#include <optional>

#include "api-client/client/selects.h"
#include "base/text.h"

namespace nodal::master::scheduler {
namespace {

using client::label;

// Does the term, written in a pod of namespace `home`, count this other pod? Namespace objects are
// not looked at: a namespaceSelector chooses every namespace when empty and else, by name, the
// label every namespace carries.
bool counts(const core_v1::PodAffinityTerm& term, const std::string& home,
            const core_v1::Pod& other) {
  const auto& ns = other.metadata.namespace_;
  bool here = std::ranges::find(term.namespaces, ns) != term.namespaces.end();
  if (!here && term.namespace_selector)
    here = client::selects(*term.namespace_selector, {{"kubernetes.io/metadata.name", ns}});
  if (!here && term.namespaces.empty() && !term.namespace_selector) here = ns == home;
  return here && term.label_selector &&
         client::selects(*term.label_selector, other.metadata.labels);
}

std::string taint_text(const core_v1::Taint& taint) {
  return text::cat("node(s) had untolerated taint {", taint.key, ": ", taint.value, "}");
}

Refusal for_good(std::string reason) { return {{std::move(reason)}, false}; }
Refusal by_pods(std::string reason) { return {{std::move(reason)}, true}; }

}  // namespace

PodContext::PodContext(const PodFacts& pod, const ClusterSnapshot& cluster) : pod_(pod) {
  if (pod.has_pod_affinity() || cluster.anti_affine() > 0) count_terms(cluster);
  if (!pod.pod->spec.topology_spread_constraints.empty()) count_spreads(cluster);
}

void PodContext::count_terms(const ClusterSnapshot& cluster) {
  const auto& home = pod_.pod->metadata.namespace_;
  const auto take = [&](std::vector<Term>& out, const core_v1::PodAffinityTerm& rule,
                        std::int64_t weight) {
    out.push_back({&rule, {}, weight, counts(rule, home, *pod_.pod)});
  };
  if (const auto& affinity = pod_.pod->spec.affinity) {
    if (affinity->pod_affinity) {
      for (const auto& rule :
           affinity->pod_affinity->required_during_scheduling_ignored_during_execution)
        take(required_, rule, 0);
      for (const auto& rule :
           affinity->pod_affinity->preferred_during_scheduling_ignored_during_execution)
        take(preferred_, rule.pod_affinity_term, rule.weight);
    }
    if (affinity->pod_anti_affinity) {
      for (const auto& rule :
           affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution)
        take(forbidden_, rule, 0);
      for (const auto& rule :
           affinity->pod_anti_affinity->preferred_during_scheduling_ignored_during_execution)
        take(preferred_, rule.pod_affinity_term, -rule.weight);
    }
  }
  for (const auto& [name, node] : cluster.nodes()) {
    if (!node.node) continue;
    for (const auto& [key, other] : node.pods) {
      for (auto* terms : {&required_, &forbidden_, &preferred_})
        for (auto& term : *terms) {
          if (!counts(*term.rule, home, *other.pod)) continue;
          term.anywhere = true;
          if (const auto* value = label(*node.node, term.rule->topology_key))
            ++term.domains[*value];
        }
      if (!other.has_anti_affinity()) continue;
      for (const auto& rule : other.pod->spec.affinity->pod_anti_affinity
                                  ->required_during_scheduling_ignored_during_execution)
        if (counts(rule, other.pod->metadata.namespace_, *pod_.pod))
          if (const auto* value = label(*node.node, rule.topology_key))
            kept_out_[rule.topology_key][*value] = true;
    }
  }
}

void PodContext::count_spreads(const ClusterSnapshot& cluster) {
  const auto& pod = *pod_.pod;
  for (const auto& rule : pod.spec.topology_spread_constraints) {
    Spread spread{&rule, {}, 0, false};
    spread.matches_itself =
        rule.label_selector && client::selects(*rule.label_selector, pod.metadata.labels);
    for (const auto& [name, node] : cluster.nodes()) {
      if (!node.node) continue;
      const auto* value = label(*node.node, rule.topology_key);
      if (value == nullptr) continue;
      if (rule.node_affinity_policy.value_or("Honor") == "Honor" &&
          !node_matches(pod.spec, *node.node))
        continue;
      if (rule.node_taints_policy.value_or("Ignore") == "Honor" &&
          std::ranges::any_of(node.node->spec.taints, [&](const auto& taint) {
            return taint.effect != "PreferNoSchedule" && !tolerates(pod.spec.tolerations, taint);
          }))
        continue;
      int& count = spread.domains[*value];
      for (const auto& [key, other] : node.pods)
        if (rule.label_selector && !other.pod->metadata.deletion_timestamp &&
            other.pod->metadata.namespace_ == pod.metadata.namespace_ &&
            client::selects(*rule.label_selector, other.pod->metadata.labels))
          ++count;
    }
    if (!spread.domains.empty() &&
        std::cmp_greater_equal(spread.domains.size(), rule.min_domains.value_or(1)))
      spread.fewest = std::ranges::min_element(spread.domains, {}, [](const auto& d) {
                        return d.second;
                      })->second;
    (rule.when_unsatisfiable == "ScheduleAnyway" ? soft_ : hard_).push_back(std::move(spread));
  }
}

Refusal PodContext::refused_by_affinity(const NodeFacts& node) const {
  for (const auto& term : required_) {
    const auto* value = label(*node.node, term.rule->topology_key);
    // The first pod of a group that wants to be near itself has nobody to be near.
    const bool first = !term.anywhere && term.matches_itself && value != nullptr;
    if (!first && (value == nullptr || !term.domains.contains(*value)))
      return for_good("node(s) didn't match pod affinity rules");
  }
  for (const auto& term : forbidden_) {
    const auto* value = label(*node.node, term.rule->topology_key);
    if (value != nullptr && term.domains.contains(*value))
      return by_pods("node(s) didn't match pod anti-affinity rules");
  }
  for (const auto& [key, values] : kept_out_) {
    const auto* value = label(*node.node, key);
    if (value != nullptr && values.contains(*value))
      return by_pods("node(s) didn't satisfy existing pods anti-affinity rules");
  }
  return {};
}

Refusal PodContext::refused_by_spread(const NodeFacts& node) const {
  for (const auto& spread : hard_) {
    const auto* value = label(*node.node, spread.rule->topology_key);
    if (value == nullptr)
      return for_good(
          "node(s) didn't match pod topology spread constraints (missing required label)");
    const auto it = spread.domains.find(*value);
    const int there = it == spread.domains.end() ? 0 : it->second;
    if (there + (spread.matches_itself ? 1 : 0) - spread.fewest > spread.rule->max_skew)
      return by_pods("node(s) didn't match pod topology spread constraints");
  }
  return {};
}

Refusal PodContext::refused_by_room(const NodeFacts& node) const {
  Refusal out{{}, true};
  const auto& want = pod_.requests;
  if (std::cmp_greater_equal(node.pods.size(), node.allowed_pods))
    out.reasons.push_back("Too many pods");
  const auto check = [&](std::string_view name, std::int64_t wanted, std::int64_t taken,
                         std::int64_t whole) {
    if (wanted <= 0 || wanted <= whole - taken) return;
    out.reasons.push_back(text::cat("Insufficient ", name));
    if (wanted > whole) out.by_pods = false;
  };
  check("cpu", want.milli_cpu, node.requested.milli_cpu, node.allocatable.milli_cpu);
  check("memory", want.memory, node.requested.memory, node.allocatable.memory);
  check("ephemeral-storage", want.ephemeral_storage, node.requested.ephemeral_storage,
        node.allocatable.ephemeral_storage);
  for (const auto& [name, amount] : want.others) {
    const auto whole = node.allocatable.others.find(name);
    const auto taken = node.requested.others.find(name);
    check(name, amount, taken == node.requested.others.end() ? 0 : taken->second,
          whole == node.allocatable.others.end() ? 0 : whole->second);
  }
  return out;
}

Refusal PodContext::refusal(const NodeFacts& node) const {
  const auto& spec = pod_.pod->spec;
  const auto& object = *node.node;
  if (object.spec.unschedulable &&
      !tolerates(spec.tolerations, {"node.kubernetes.io/unschedulable", "", "NoSchedule", {}}))
    return for_good("node(s) were unschedulable");
  for (const auto& taint : object.spec.taints)
    if (taint.effect != "PreferNoSchedule" && !tolerates(spec.tolerations, taint))
      return for_good(taint_text(taint));
  if (!node_matches(spec, object))
    return for_good("node(s) didn't match Pod's node affinity/selector");
  for (const auto& wanted : pod_.host_ports)
    if (std::ranges::any_of(node.host_ports,
                            [&](const HostPort& taken) { return conflict(wanted, taken); }))
      return by_pods("node(s) didn't have free ports for the requested pod ports");
  if (auto refused = refused_by_room(node)) return refused;
  if (auto refused = refused_by_spread(node)) return refused;
  return refused_by_affinity(node);
}

std::int64_t PodContext::affinity_score(const NodeFacts& node) const {
  std::int64_t score = 0;
  for (const auto& term : preferred_) {
    const auto* value = label(*node.node, term.rule->topology_key);
    if (value == nullptr) continue;
    if (const auto it = term.domains.find(*value); it != term.domains.end())
      score += term.weight * it->second;
  }
  return score;
}

std::int64_t PodContext::spread_score(const NodeFacts& node) const {
  std::int64_t score = 0;
  for (const auto& spread : soft_) {
    const auto* value = label(*node.node, spread.rule->topology_key);
    if (value == nullptr) continue;
    if (const auto it = spread.domains.find(*value); it != spread.domains.end())
      score += it->second;
  }
  return score;
}

}  // namespace nodal::master::scheduler
