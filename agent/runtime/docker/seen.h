// agent/runtime/docker/seen.h — Docker's containers → pods as the agent sees them. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/runtime/docker/reply.h"
#include "agent/runtime/types.h"

namespace nodal::agent::docker {

[[nodiscard]] bool is_sandbox(const Details& details);
[[nodiscard]] ContainerState state_of(const Details& details);

/// @param addresses  of its network attachment; empty while that is unfinished
[[nodiscard]] SeenSandbox seen_sandbox(const Details& details, std::vector<std::string> addresses);

/// A container that was created and could not be started counts as ended, with the engine's error
/// as its message: so it is restarted with backoff like one that crashed.
/// @param image_digest  what the image is known by, or its id
[[nodiscard]] SeenContainer seen_container(const Details& details, const std::string& image_digest);

/// "created" facts change by themselves, "running" ones only with the state, "exited" ones never.
[[nodiscard]] bool still_true(const Details& cached, std::string_view state_now);

/// Newest attempt first.
void order(SeenPod& pod);

}  // namespace nodal::agent::docker
