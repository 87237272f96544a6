// agent/pod/admission.cc — see admission.h.
#include "agent/pod/admission.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "api-client/client/placement.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::array<std::string_view, 12> kSafe = {
    "kernel.shm_rmid_forced",           "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",        "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",     "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",      "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",          "net.ipv4.tcp_wmem"};

Rejection out_of(std::string_view name, std::int64_t wanted, std::int64_t used,
                 std::int64_t capacity) {
  return {text::cat("OutOf", name),
          text::cat("Node didn't have enough resource: ", name, ", requested: ", wanted,
                    ", used: ", used, ", capacity: ", capacity)};
}

Rejection unmet(std::string_view predicate, std::string_view why) {
  return {std::string(predicate), text::cat("Predicate ", predicate, " failed: ", why)};
}

std::int64_t amount(const std::map<std::string, std::int64_t>& amounts, const std::string& name) {
  const auto it = amounts.find(name);
  return it == amounts.end() ? 0 : it->second;
}

}  // namespace

std::string dotted_sysctl(std::string name) {
  const auto first = name.find_first_of("./");
  if (first == std::string::npos || name[first] == '.') return name;
  for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

std::optional<Rejection> rejection(const core_v1::Pod& pod) {
  if (!pod.spec.security_context) return std::nullopt;
  const auto refuse = [](const std::string& name, std::string_view why) {
    return Rejection{"SysctlForbidden", text::cat("forbidden sysctl: \"", name, "\" ", why)};
  };
  for (const auto& sysctl : pod.spec.security_context->sysctls) {
    const auto name = dotted_sysctl(sysctl.name);
    if (std::ranges::find(kSafe, name) == kSafe.end())
      return refuse(sysctl.name, "not allowlisted on this node");
    if (pod.spec.host_network && name.starts_with("net."))
      return refuse(sysctl.name, "not allowed with host net enabled");
    if (pod.spec.host_ipc && name.starts_with("kernel."))
      return refuse(sysctl.name, "not allowed with host ipc enabled");
  }
  return std::nullopt;
}

bool is_measured(const core_v1::Node& node) { return node.status.allocatable.contains("pods"); }

std::optional<Rejection> misfit(const core_v1::Pod& pod, const core_v1::Node& node,
                                const std::vector<std::shared_ptr<const core_v1::Pod>>& others) {
  const auto& spec = pod.spec;
  const auto most = is_measured(node) ? node.status.allocatable.at("pods").value() : 0;
  if (std::cmp_greater_equal(others.size(), most))
    return out_of("pods", 1, static_cast<std::int64_t>(others.size()), most);

  const auto have = client::amounts_of(node.status.allocatable);
  const auto want = client::requests_of(spec);
  client::Amounts used;
  for (const auto& other : others) used += client::requests_of(other->spec);
  if (want.milli_cpu > 0 && want.milli_cpu > have.milli_cpu - used.milli_cpu)
    return out_of("cpu", want.milli_cpu, used.milli_cpu, have.milli_cpu);
  if (want.memory > 0 && want.memory > have.memory - used.memory)
    return out_of("memory", want.memory, used.memory, have.memory);
  if (want.ephemeral_storage > 0 &&
      want.ephemeral_storage > have.ephemeral_storage - used.ephemeral_storage)
    return out_of("ephemeral-storage", want.ephemeral_storage, used.ephemeral_storage,
                  have.ephemeral_storage);
  // What the node does not know may be somebody else's to give.
  for (const auto& [name, capacity] : have.others)
    if (const auto wanted = amount(want.others, name);
        wanted > 0 && wanted > capacity - amount(used.others, name))
      return out_of(name, wanted, amount(used.others, name), capacity);

  if (!client::node_matches(spec, node))
    return unmet("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  const auto ports = client::host_ports_of(spec);
  for (const auto& other : others)
    for (const auto& taken : client::host_ports_of(other->spec))
      if (std::ranges::any_of(ports, [&](const auto& port) { return conflict(port, taken); }))
        return unmet("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  for (const auto& taint : node.spec.taints)
    if (taint.effect == "NoExecute" && !client::tolerates(spec.tolerations, taint))
      return unmet("TaintToleration", "node(s) had taints that the pod didn't tolerate");
  return std::nullopt;
}

}  // namespace nodal::agent
