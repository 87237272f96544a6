// agent/pod/recall.cc — see recall.h.
#include "agent/pod/recall.h"

#include <algorithm>
#include <optional>

#include "agent/pod/facts.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr int kKilled = 137;

std::optional<core_v1::ContainerStateTerminated> end_of(const core_v1::ContainerStatus& told) {
  if (told.state.terminated) return *told.state.terminated;
  if (!told.state.running) {
    if (!told.last_state.terminated) return std::nullopt;
    return *told.last_state.terminated;
  }
  core_v1::ContainerStateTerminated lost;
  lost.exit_code = kKilled;
  lost.reason = "ContainerStatusUnknown";
  lost.message = "The container was running and is not there any more: how it ended is not known.";
  lost.container_id = told.container_id;
  lost.started_at = told.state.running->started_at;
  return lost;
}

SeenContainer as_seen(const core_v1::ContainerStatus& told,
                      const core_v1::ContainerStateTerminated& end, const SeenSandbox* sandbox) {
  SeenContainer out;
  out.id = end.container_id.substr(end.container_id.rfind('/') + 1);
  out.name = told.name;
  out.attempt = static_cast<std::uint32_t>(std::max(told.restart_count, 0));
  out.state = ContainerState::exited;
  out.image = told.image;
  out.image_id = told.image_id;
  out.started_at = end.started_at.value_or(TimePoint{});
  out.finished_at = end.finished_at.value_or(TimePoint{});
  out.exit_code = end.exit_code;
  out.message = end.message;
  out.told_reason = end.reason.empty() ? "Error" : end.reason;
  // Each attempt but the first may have been a crash; nobody knows of one whose end was not seen.
  out.annotations[kCrashLevel] = text::cat(end.finished_at ? out.attempt : 0);
  // Times of the API are whole seconds.
  if (sandbox != nullptr && std::max(out.started_at, out.finished_at) >=
                                std::chrono::floor<std::chrono::seconds>(sandbox->created_at))
    out.annotations[kSandboxAttempt] = text::cat(sandbox->attempt);
  return out;
}

}  // namespace

SeenPod recalled(const core_v1::Pod& pod, SeenPod seen) {
  const auto* sandbox = ready_sandbox(seen);
  const auto add = [&](const auto& containers, const auto& statuses, bool init) {
    for (const auto& container : containers) {
      if (newest(seen, container.name) != nullptr) continue;
      const auto told =
          std::ranges::find(statuses, container.name, &core_v1::ContainerStatus::name);
      if (told == statuses.end()) continue;
      const auto end = end_of(*told);
      if (!end) continue;
      auto lost = as_seen(*told, *end, sandbox);
      lost.annotations[kInit] = init ? "true" : "false";
      seen.containers.push_back(std::move(lost));
    }
  };
  add(pod.spec.init_containers, pod.status.init_container_statuses, true);
  add(pod.spec.containers, pod.status.container_statuses, false);
  add(pod.spec.ephemeral_containers, pod.status.ephemeral_container_statuses, false);
  return seen;
}

}  // namespace nodal::agent
