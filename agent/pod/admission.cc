// agent/pod/admission.cc — see admission.h.
#include "agent/pod/admission.h"

#include <algorithm>
#include <array>
#include <string_view>

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
    return Rejection{"SysctlForbidden",
                     text::cat("Pod was rejected: forbidden sysctl: \"", name, "\" ", why)};
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

}  // namespace nodal::agent
