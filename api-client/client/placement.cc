// api-client/client/placement.cc — see placement.h.
#include "api-client/client/placement.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace nodal::client {
namespace {

void add(Amounts& out, const std::string& name, const Quantity& amount) {
  if (name == "cpu")
    out.milli_cpu += amount.milli_value();
  else if (name == "memory")
    out.memory += amount.value();
  else if (name == "ephemeral-storage")
    out.ephemeral_storage += amount.value();
  else if (name != "pods")
    out.others[name] += amount.value();
}

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// @source core/v1 NodeSelectorOperator
bool satisfies(const core_v1::NodeSelectorRequirement& rule, const std::string* value) {
  const bool listed =
      value != nullptr && std::ranges::find(rule.values, *value) != rule.values.end();
  if (rule.operator_ == "In") return listed;
  if (rule.operator_ == "NotIn") return !listed;
  if (rule.operator_ == "Exists") return value != nullptr;
  if (rule.operator_ == "DoesNotExist") return value == nullptr;
  if (value == nullptr || rule.values.size() != 1) return false;
  const auto have = integer(*value);
  const auto bound = integer(rule.values.front());
  if (!have || !bound) return false;
  return rule.operator_ == "Gt" ? *have > *bound : rule.operator_ == "Lt" && *have < *bound;
}

}  // namespace

Amounts& Amounts::operator+=(const Amounts& other) {
  milli_cpu += other.milli_cpu;
  memory += other.memory;
  ephemeral_storage += other.ephemeral_storage;
  for (const auto& [name, amount] : other.others) others[name] += amount;
  return *this;
}

Amounts& Amounts::operator-=(const Amounts& other) {
  milli_cpu -= other.milli_cpu;
  memory -= other.memory;
  ephemeral_storage -= other.ephemeral_storage;
  for (const auto& [name, amount] : other.others)
    if ((others[name] -= amount) == 0) others.erase(name);
  return *this;
}

void Amounts::raise_to(const Amounts& other) {
  milli_cpu = std::max(milli_cpu, other.milli_cpu);
  memory = std::max(memory, other.memory);
  ephemeral_storage = std::max(ephemeral_storage, other.ephemeral_storage);
  for (const auto& [name, amount] : other.others) {
    auto& mine = others[name];
    mine = std::max(mine, amount);
  }
}

Amounts amounts_of(const std::map<std::string, Quantity>& quantities) {
  Amounts out;
  for (const auto& [name, amount] : quantities) add(out, name, amount);
  return out;
}

Amounts requests_of(const core_v1::ResourceRequirements& wanted) {
  Amounts out;
  for (const auto& [name, amount] : wanted.requests) add(out, name, amount);
  for (const auto& [name, amount] : wanted.limits)
    if (!wanted.requests.contains(name)) add(out, name, amount);
  return out;
}

Amounts requests_of(const core_v1::PodSpec& spec,
                    const std::function<Amounts(const core_v1::ResourceRequirements&)>& of) {
  Amounts beside;  // init containers that keep running
  Amounts highest;
  for (const auto& container : spec.init_containers) {
    Amounts alone = of(container.resources);
    if (container.restart_policy == "Always") {
      beside += alone;
      highest.raise_to(beside);
    } else {
      alone += beside;
      highest.raise_to(alone);
    }
  }
  for (const auto& container : spec.containers) beside += of(container.resources);
  beside.raise_to(highest);
  if (spec.resources)  // pod-level amounts replace the sum
    for (const auto& [name, amount] : spec.resources->requests) {
      if (name == "cpu") beside.milli_cpu = amount.milli_value();
      if (name == "memory") beside.memory = amount.value();
    }
  beside += amounts_of(spec.overhead);
  return beside;
}

std::vector<HostPort> host_ports_of(const core_v1::PodSpec& spec) {
  std::vector<HostPort> out;
  for (const auto* containers : {&spec.containers, &spec.init_containers})
    for (const auto& container : *containers)
      for (const auto& port : container.ports)
        if (port.host_port > 0)
          out.push_back(
              {port.protocol.empty() ? "TCP" : port.protocol,
               port.host_ip == "0.0.0.0" || port.host_ip == "::" ? std::string() : port.host_ip,
               port.host_port});
  return out;
}

bool conflict(const HostPort& a, const HostPort& b) {
  return a.port == b.port && a.protocol == b.protocol &&
         (a.address.empty() || b.address.empty() || a.address == b.address);
}

const std::string* label(const core_v1::Node& node, std::string_view key) {
  const auto it = node.metadata.labels.find(std::string(key));
  return it == node.metadata.labels.end() ? nullptr : &it->second;
}

bool node_matches(const core_v1::NodeSelectorTerm& term, const core_v1::Node& node) {
  if (term.match_expressions.empty() && term.match_fields.empty()) return false;
  return std::ranges::all_of(
             term.match_expressions,
             [&](const auto& rule) { return satisfies(rule, label(node, rule.key)); }) &&
         std::ranges::all_of(term.match_fields, [&](const auto& rule) {
           return satisfies(rule, rule.key == "metadata.name" ? &node.metadata.name : nullptr);
         });
}

bool node_matches(const core_v1::PodSpec& spec, const core_v1::Node& node) {
  for (const auto& [key, value] : spec.node_selector) {
    const auto* have = label(node, key);
    if (have == nullptr || *have != value) return false;
  }
  if (!spec.affinity || !spec.affinity->node_affinity) return true;
  const auto& required =
      spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution;
  return !required || std::ranges::any_of(required->node_selector_terms, [&](const auto& term) {
    return node_matches(term, node);
  });
}

bool tolerates(const std::vector<core_v1::Toleration>& tolerations, const core_v1::Taint& taint) {
  return std::ranges::any_of(tolerations, [&](const core_v1::Toleration& toleration) {
    if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
    if (!toleration.key.empty() && toleration.key != taint.key) return false;
    if (toleration.operator_ == "Exists") return true;
    return !toleration.key.empty() && toleration.value == taint.value;
  });
}

}  // namespace nodal::client
