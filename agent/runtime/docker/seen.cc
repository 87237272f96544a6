// agent/runtime/docker/seen.cc — states and times, as Kubernetes counts them.
#include "agent/runtime/docker/seen.h"

#include <algorithm>

#include "agent/runtime/docker/request.h"
#include "base/text.h"

namespace nodal::agent::docker {

bool is_sandbox(const Details& details) { return label(details.labels, kTypeLabel) == "sandbox"; }

ContainerState state_of(const Details& details) {
  if (details.state == "running" || details.state == "paused" || details.state == "restarting")
    return ContainerState::running;
  if (details.state == "exited" || details.state == "dead") return ContainerState::exited;
  if (details.state == "created")
    return details.exit_code != 0 ? ContainerState::exited : ContainerState::created;
  return ContainerState::unknown;
}

SeenSandbox seen_sandbox(const Details& details, std::vector<std::string> addresses) {
  SeenSandbox out;
  out.id = details.id;
  out.attempt = attempt_of(details.labels);
  out.host_network = details.network_mode == "host";
  out.ready = state_of(details) == ContainerState::running && !addresses.empty();
  // The host's addresses may not be known yet; its network is up all the same.
  if (out.host_network) out.ready = state_of(details) == ContainerState::running;
  if (out.ready && !out.host_network && details.pid > 0)
    out.netns_path = text::cat("/proc/", details.pid, "/ns/net");
  out.ips = std::move(addresses);
  out.created_at = details.created_at;
  out.annotations = annotations_of(details.labels);
  return out;
}

SeenContainer seen_container(const Details& details, const std::string& image_digest) {
  SeenContainer out;
  out.id = details.id;
  out.name = label(details.labels, kContainerNameLabel);
  out.attempt = attempt_of(details.labels);
  out.state = state_of(details);
  out.image = label(details.labels, kImageLabel);
  out.image_id = image_digest.empty() ? details.image_id : image_digest;
  out.annotations = annotations_of(details.labels);
  out.created_at = details.created_at;
  out.started_at = details.started_at;
  out.finished_at = details.finished_at;
  out.message = details.error;
  out.log_path = label(details.labels, kLogPathLabel);
  if (out.state == ContainerState::exited) {
    out.exit_code = details.exit_code;
    out.oom_killed = details.oom_killed;
    if (out.started_at == TimePoint{}) out.started_at = out.created_at;
    // Docker 20.10 writes the start down after it has seen a short process end.
    out.finished_at = std::max(out.finished_at, out.started_at);
  }
  return out;
}

bool still_true(const Details& cached, std::string_view state_now) {
  return cached.state == state_now && (state_now == "running" || state_now == "exited");
}

void order(SeenPod& pod) {
  const auto newest = [](const auto& a, const auto& b) {
    return std::pair(a.attempt, a.created_at) > std::pair(b.attempt, b.created_at);
  };
  std::ranges::stable_sort(pod.sandboxes, newest);
  std::ranges::stable_sort(pod.containers, newest);
}

}  // namespace nodal::agent::docker
