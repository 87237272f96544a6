// agent/runtime/docker/sandbox.cc — the pause container, its image and its network.
#include <algorithm>

#include "agent/runtime/docker/pause_image.h"
#include "agent/runtime/docker/runtime.h"
#include "agent/runtime/docker/seen.h"
#include "base/http/message.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent::docker {

Result<> DockerRuntime::ensure_pause_image() {
  if (pause_ready_) return {};
  const auto reference = pause_reference();
  const auto present = engine_.call("GET", text::cat("/images/", reference, "/json"));
  if (present) {
    const auto labels = NODAL_TRY(parse_image_labels(present->text()));
    if (label(labels, kPauseLabel) == pause_fingerprint()) {
      pause_ready_ = true;
      return {};
    }
  } else if (present.error().code != Errc::not_found) {
    return std::unexpected(present.error());
  }
  const auto [repository, tag] = NODAL_TRY(split_reference(reference));
  const auto path = text::cat(
      "/images/create?fromSrc=-&repo=", http::percent_encode(repository), "&tag=", tag,
      "&changes=", http::percent_encode(text::cat("LABEL ", kPauseLabel, "=", pause_fingerprint())),
      "&changes=", http::percent_encode("ENTRYPOINT [\"/pause\"]"));
  const auto answer =
      NODAL_TRY(engine_.call("POST", path, tar_of("pause", pause_program()), "application/x-tar"));
  // Progress lines; an error may come after the 200.
  LineReader lines(1u << 20);
  NODAL_TRY(lines.feed(answer.text() + "\n", [](std::string_view line) -> Result<> {
    if (const auto error = NODAL_TRY(parse_progress(line)); !error.empty())
      return fail(Errc::internal, text::cat("load of the pause image: ", error));
    return {};
  }));
  pause_ready_ = true;
  return {};
}

Result<std::string> DockerRuntime::create(const std::string& name, const std::string& body) {
  const auto answer = NODAL_TRY(engine_.call(
      "POST", text::cat("/containers/create?name=", http::percent_encode(name)), body));
  return parse_id(answer.text());
}

Result<> DockerRuntime::force_remove(std::string_view id) {
  const auto answer =
      engine_.call("DELETE", text::cat("/containers/", NODAL_TRY(checked_id(id)), "?force=1&v=1"));
  forget(id);
  if (answer || answer.error().code == Errc::not_found) return {};
  // Somebody else is removing it at this moment: the goal is met.
  if (answer.error().code == Errc::conflict &&
      answer.error().message.find("already in progress") != std::string::npos)
    return {};
  return std::unexpected(answer.error());
}

Result<std::string> DockerRuntime::run_sandbox(const SandboxConfig& config) {
  const auto name = container_name("POD", config.pod, config.attempt);
  const auto body = NODAL_TRY(sandbox_body(config, pause_reference(), options_.log, oom_floor_));
  NODAL_TRY(ensure_pause_image());

  auto created = create(name, body);
  if (!created && created.error().code == Errc::not_found) {
    // The image was removed behind our back.
    pause_ready_ = false;
    NODAL_TRY(ensure_pause_image());
    created = create(name, body);
  }
  if (!created && created.error().code == Errc::conflict) {
    const auto there = details(name);
    if (there) {
      if (seen_sandbox(*there, addresses_of(*there)).ready) return there->id;
      NODAL_TRY(remove_sandbox(there->id));
    } else if (there.error().code != Errc::not_found) {
      return std::unexpected(there.error());
    }
    created = create(name, body);
  }
  if (!created) return wrap("create the sandbox", std::move(created).error());
  const auto id = std::move(*created);

  const auto bring_up = [&]() -> Result<> {
    NODAL_TRY(engine_.call("POST", text::cat("/containers/", id, "/start")));
    if (config.host_network) return {};
    const auto running = NODAL_TRY(details(id));
    if (running.pid <= 0) return fail(Errc::internal, "the sandbox ended at once");
    auto addresses = NODAL_TRY(cni_.add({.container_id = id,
                                         .netns = text::cat("/proc/", running.pid, "/ns/net"),
                                         .interface = "eth0",
                                         .pod = config.pod,
                                         .ports = config.ports}));
    const std::lock_guard lock(mutex_);
    addresses_.insert_or_assign(id, std::move(addresses));
    return {};
  };
  if (auto up = bring_up(); !up) {
    if (auto removed = force_remove(id); !removed)
      log::warn("removal of a half-made sandbox", {{"id", id}, {"error", removed.error().message}});
    return wrap("start the sandbox", std::move(up).error());
  }
  return id;
}

Result<> DockerRuntime::network_status() const { return cni_.status(); }

bool DockerRuntime::maps_host_ports() const {
  const auto network = cni_.network();
  return network && std::ranges::any_of(network->plugins, [](const CniPlugin& plugin) {
           return std::ranges::find(plugin.capabilities, "portMappings") !=
                  plugin.capabilities.end();
         });
}

Result<> DockerRuntime::remove_sandbox(std::string_view id) {
  NODAL_TRY(checked_id(id));
  for (const auto& inside : NODAL_TRY(summaries({text::cat(kSandboxLabel, "=", id)})))
    if (inside.state == "running" || inside.state == "paused")
      NODAL_TRY(stop_container(inside.id, std::chrono::seconds(0)));
  const auto found = details(id);
  std::string netns;
  if (found && found->running && found->pid > 0) netns = text::cat("/proc/", found->pid, "/ns/net");
  if (!found && found.error().code != Errc::not_found) return std::unexpected(found.error());
  if (found && found->network_mode == "host") return force_remove(id);
  // While the record is there the removal is not over: an error here leaves the container for the
  // next try.
  if (auto detached = cni_.remove(id, netns); !detached)
    return wrap("take down the sandbox's network", std::move(detached).error());
  return force_remove(id);
}

}  // namespace nodal::agent::docker
