// agent/pod/config.h — a pod → the configurations that a runtime starts it from. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/pod/env.h"
#include "agent/pod/plan.h"
#include "agent/runtime/types.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// What pods of this cluster are told about DNS.
struct DnsSettings {
  std::vector<std::string> servers;  ///< of the cluster
  std::string domain = "cluster.local";
  DnsConfig host;  ///< the node's own resolv.conf
};

[[nodiscard]] DnsConfig dns_config(const core_v1::Pod& pod, const DnsSettings& settings);
[[nodiscard]] std::string resolv_conf(const DnsConfig& config);
/// @param of_node  the node's own /etc/hosts: pods on the node's network begin with it
[[nodiscard]] std::string hosts_file(const core_v1::Pod& pod, const std::string& pod_ip,
                                     const std::string& domain, const std::string& of_node = "");
/// The host name that the pod's containers see: spec.hostname or the pod's name, 63 characters at
/// most.
[[nodiscard]] std::string hostname_of(const core_v1::Pod& pod);
/// The pod's name in the cluster's DNS; "" without a subdomain.
/// @param domain  of the cluster
[[nodiscard]] std::string domain_name_of(const core_v1::Pod& pod, std::string_view domain);
/// The longest host name that the kernel takes, in bytes (HOST_NAME_MAX).
inline constexpr std::size_t kLongestHostname = 64;

/// Turns the name of a local seccomp profile into its path in the node's folder of profiles.
/// @errors invalid: absolute, or out of the folder
/// @source SeccompProfile.localhostProfile (API reference): relative to the kubelet's folder
Result<> find_profile(Security& security, const std::string& folder);

[[nodiscard]] SandboxConfig sandbox_config(const core_v1::Pod& pod, std::uint32_t attempt,
                                           const DnsSettings& dns);

/// All a container's configuration but its mounts, which the volumes give.
/// @errors invalid: worded as CreateContainerConfigError (runAsNonRoot with a root image, …)
Result<ContainerConfig> container_config(const core_v1::Pod& pod,
                                         const core_v1::Container& container,
                                         const StartContainer& start, const SeenSandbox& sandbox,
                                         const ImageInfo& image, const Environment& environment,
                                         std::int64_t node_memory_bytes);

}  // namespace nodal::agent
