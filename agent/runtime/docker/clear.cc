// agent/runtime/docker/clear.cc — the end of all pods: nothing of ours is left in Docker.
#include "agent/runtime/docker/runtime.h"
#include "agent/runtime/docker/seen.h"
#include "base/http/message.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

void keep_first(Result<>& first, Result<> done) {
  if (first && !done) first = std::move(done);
}

}  // namespace

Result<> DockerRuntime::clear_pods() {
  Result<> first;
  std::vector<std::string> sandboxes;
  for (const auto& summary : NODAL_TRY(summaries({std::string(kTypeLabel)}))) {
    const auto found = details(summary.id, summary.state);
    if (found && is_sandbox(*found))
      sandboxes.push_back(summary.id);  // after the containers that share its network
    else
      keep_first(first, force_remove(summary.id));
  }
  for (const auto& id : sandboxes) {
    auto removed = remove_sandbox(id);
    if (removed) continue;
    keep_first(first, std::move(removed));
    keep_first(first, force_remove(id));
  }
  return first;
}

Result<> DockerRuntime::clear_networks() {
  Result<> first;
  for (const auto& id : NODAL_TRY(cni_.recorded())) keep_first(first, cni_.remove(id, ""));
  return first;
}

Result<> DockerRuntime::clear_pause_images() {
  // By its label: one that another build replaced has no name any more.
  const auto path =
      text::cat("/images/json?filters=",
                http::percent_encode(text::cat(R"({"label":[")", kPauseLabel, "\"]}")));
  Result<> first;
  for (const auto& image : NODAL_TRY(parse_images(NODAL_TRY(engine_.call("GET", path)).text())))
    keep_first(first, remove_image(image.id));
  pause_ready_ = false;
  return first;
}

Result<> DockerRuntime::clear() {
  // Without the engine nothing can be known, so nothing is touched.
  NODAL_TRY(engine_.version());
  auto first = clear_pods();
  keep_first(first, clear_networks());
  keep_first(first, clear_pause_images());
  return first;
}

}  // namespace nodal::agent::docker
