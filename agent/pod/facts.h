// agent/pod/facts.h — short questions about a pod, and the annotations by which the runtime
// remembers for us.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/runtime/types.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// The reason of a pod that was ended by its activeDeadlineSeconds.
inline constexpr const char* kDeadlineExceeded = "DeadlineExceeded";

// Written on containers, read back after a restart of the agent.
inline constexpr const char* kSandboxAttempt =
    "sandbox-attempt";  ///< the sandbox a container ran in
inline constexpr const char* kCrashLevel =
    "crash-level";  ///< how often it had crashed in a row before this start
inline constexpr const char* kSpecHash =
    "spec-hash";                              ///< of what a running container cannot change
inline constexpr const char* kInit = "init";  ///< "true" for init containers

[[nodiscard]] PodRef ref_of(const core_v1::Pod& pod);
/// A hash of the container's fields that a running one cannot follow: the image. Stable across
/// versions of the agent.
[[nodiscard]] std::string spec_hash(const core_v1::Container& container);
/// Succeeded, or failed of its own: a deadline that passes later changes nothing.
[[nodiscard]] bool has_ended_itself(const core_v1::Pod& pod);
/// Whether the container was made from another image than the pod names now.
[[nodiscard]] bool is_outdated(const SeenContainer& seen, const core_v1::Container& container);
/// An init container that keeps running beside the pod's containers.
[[nodiscard]] bool is_sidecar(const core_v1::Container& container);
/// The newest attempt of that container; null when there is none.
[[nodiscard]] const SeenContainer* newest(const SeenPod& seen, std::string_view name);
/// The attempt before the newest that has ended; null when there is none.
[[nodiscard]] const SeenContainer* previous(const SeenPod& seen, std::string_view name);
[[nodiscard]] std::string annotation(const SeenContainer& container, const char* key);
/// What the pod's status tells of that container; null when it tells nothing.
[[nodiscard]] const core_v1::ContainerStatus* told_of(const core_v1::PodStatus& status,
                                                      std::string_view name);
/// Whether the status tells the end of that run of the container: as it is, or as it was last.
[[nodiscard]] bool tells_end(const core_v1::PodStatus& status, const SeenContainer& ended);
/// Whether a container of the pod has ended and the pod's status does not tell it yet.
[[nodiscard]] bool has_untold_end(const core_v1::Pod& pod, const SeenPod& seen);
/// The run that `logs -p` shows: the one of lastState, or the attempt before the newest; null when
/// there is none.
[[nodiscard]] const SeenContainer* last_ended(const core_v1::PodStatus& status, const SeenPod& seen,
                                              std::string_view name);
/// The newest sandbox that is ready; null when there is none.
[[nodiscard]] const SeenSandbox* ready_sandbox(const SeenPod& seen);

/// The container of that name in the pod's spec, whichever list it is in.
[[nodiscard]] std::optional<core_v1::Container> find_container(const core_v1::Pod& pod,
                                                               std::string_view name);
/// The ephemeral container of that name; null when there is none.
[[nodiscard]] const core_v1::EphemeralContainer* find_ephemeral(const core_v1::Pod& pod,
                                                                std::string_view name);
/// An ephemeral container as one of the others, with what it may have.
[[nodiscard]] core_v1::Container as_container(const core_v1::EphemeralContainer& container);

}  // namespace nodal::agent
