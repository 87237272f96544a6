// agent/runtime/docker/request.h — what we ask the Docker Engine for: names, labels, create bodies.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/runtime/types.h"
#include "base/result.h"

namespace nodal::agent::docker {

// Labels are the memory: whose container it is, and what the agent noted on it.
inline constexpr std::string_view kTypeLabel = "io.nodal.type";  ///< "sandbox" or "container"
inline constexpr std::string_view kAttemptLabel = "io.nodal.attempt";
inline constexpr std::string_view kImageLabel = "io.nodal.image";   ///< as the pod names it
inline constexpr std::string_view kSharePidLabel = "io.nodal.pid";  ///< "pod" or "host" or ""
inline constexpr std::string_view kPauseLabel = "io.nodal.pause";   ///< of the pause image
inline constexpr std::string_view kAnnotationPrefix = "io.nodal.annotation.";
inline constexpr std::string_view kPodNameLabel = "io.kubernetes.pod.name";
inline constexpr std::string_view kPodNamespaceLabel = "io.kubernetes.pod.namespace";
inline constexpr std::string_view kPodUidLabel = "io.kubernetes.pod.uid";
inline constexpr std::string_view kContainerNameLabel = "io.kubernetes.container.name";
inline constexpr std::string_view kLogPathLabel = "io.kubernetes.container.logpath";
inline constexpr std::string_view kSandboxLabel = "io.kubernetes.sandbox.id";

/// The size at which the engine rotates a container's log, and how many it keeps (SECURITY 42).
struct LogLimits {
  std::string max_size = "10m";
  std::string max_files = "5";
};

/// The modes of a sandbox that its containers follow.
struct SandboxModes {
  bool host_network = false, host_pid = false, host_ipc = false, share_pid = false;
  std::string cgroup_parent;
};

/// k8s_<container>_<pod>_<namespace>_<uid>_<attempt>; a sandbox's container part is POD.
std::string container_name(std::string_view container, const PodRef& pod, std::uint32_t attempt);

/// @param oom_floor  the least oom_score_adj this process may set
Result<std::string> sandbox_body(const SandboxConfig& config, std::string_view image,
                                 const LogLimits& log, std::int64_t oom_floor);

/// @param image_user  the image's USER; needed when the pod names a group but no user
/// @param seccomp_profile  JSON of a Localhost profile, already read; else ""
/// @errors invalid: a setting that cannot be expressed (empty seccomp, a relative mount path)
Result<std::string> container_body(std::string_view sandbox, const SandboxModes& modes,
                                   const ContainerConfig& config, std::string_view image_user,
                                   std::string_view seccomp_profile, const LogLimits& log,
                                   std::int64_t oom_floor);

/// Body of POST /containers/{id}/exec.
/// @param mark  an entry of its environment, or ""
std::string exec_body(const std::vector<std::string>& command, std::string_view mark,
                      bool input = false, bool tty = false);

/// The PodRef of a labelled container.
PodRef pod_of(const std::map<std::string, std::string>& labels);
std::uint32_t attempt_of(const std::map<std::string, std::string>& labels);
std::map<std::string, std::string> annotations_of(const std::map<std::string, std::string>& labels);
std::string label(const std::map<std::string, std::string>& labels, std::string_view key);

/// Splits "repo:tag" and "repo@digest"; without either the tag is "latest".
/// @errors invalid: characters no reference has, or longer than 1024 bytes
Result<std::pair<std::string, std::string>> split_reference(std::string_view reference);

}  // namespace nodal::agent::docker
