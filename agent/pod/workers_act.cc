// agent/pod/workers_act.cc — PodWorkers: one action of a plan is carried out.
#include <algorithm>

#include "agent/pod/facts.h"
#include "agent/pod/workers.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::chrono::seconds kLongestSetback{10};

}  // namespace

References PodWorkers::text_references(const core_v1::Pod& pod) const {
  const auto ns = pod.metadata.namespace_;
  References out;
  out.config_map = [client = parts_.client, ns](const std::string& name) -> Result<Values> {
    return NODAL_TRY(client->get<core_v1::ConfigMap>(ns, name)).data;
  };
  out.secret = [client = parts_.client, ns](const std::string& name) -> Result<Values> {
    return NODAL_TRY(client->get<core_v1::Secret>(ns, name)).data;
  };
  return out;
}

References PodWorkers::references(const core_v1::Pod& pod) const {
  auto out = text_references(pod);
  out.config_map = [client = parts_.client,
                    ns = pod.metadata.namespace_](const std::string& name) -> Result<Values> {
    auto object = NODAL_TRY(client->get<core_v1::ConfigMap>(ns, name));
    for (auto& [key, bytes] : object.binary_data) object.data[key] = std::move(bytes);
    return std::move(object.data);
  };
  return out;
}

Result<> PodWorkers::start(const core_v1::Pod& pod, const SeenPod& seen,
                           const StartContainer& start, Memory& memory) {
  memory.setbacks[start.name].not_before = {};
  auto started = try_start(pod, seen, start, memory);
  if (started) {
    if (!*started) return {};
    memory.setbacks.erase(start.name);
    memory.obstacles.erase(start.name);
    return {};
  }
  if (!memory.obstacles.contains(start.name))
    return std::unexpected(started.error());  // not about this container
  auto& setback = memory.setbacks[start.name];
  const auto pause = std::min<std::chrono::seconds>(
      std::chrono::seconds(1 << std::min(setback.count, 8)), kLongestSetback);
  ++setback.count;
  setback.not_before = std::max(setback.not_before, parts_.clock.now() + pause);
  log::warn("a container does not start", {{"pod", client::key_of(pod)},
                                           {"container", start.name},
                                           {"error", started.error().message}});
  return {};
}

Result<bool> PodWorkers::try_start(const core_v1::Pod& pod, const SeenPod& seen,
                                   const StartContainer& start, Memory& memory) {
  const auto container = find_container(pod, start.name);
  const auto* sandbox = ready_sandbox(seen);
  if (!container || sandbox == nullptr)
    return fail(Errc::not_found, text::cat("container ", start.name, " is not to be started"));
  const auto had = NODAL_TRY(images_.ensure(pod, *container));
  if (std::holds_alternative<Images::Pulling>(had)) return false;  // woken when the pull has ended
  if (const auto* refused = std::get_if<Images::Refused>(&had)) {
    memory.obstacles[container->name] = refused->obstacle;
    if (refused->not_before) memory.setbacks[container->name].not_before = *refused->not_before;
    return fail(Errc::unavailable, refused->obstacle.message);
  }
  const auto& image = std::get<ImageInfo>(had);
  const std::string ip =
      sandbox->host_network || sandbox->ips.empty() ? parts_.node.ip : sandbox->ips.front();
  const auto refuse = [&](const char* reason, const Error& error) -> std::unexpected<Error> {
    memory.obstacles[container->name] = {reason, error.message};
    record(pod, container->name, client::EventType::warning, "Failed",
           text::cat("Error: ", error.message));
    return std::unexpected(error);
  };
  const auto env =
      environment(pod, *container, ip, parts_.node, text_references(pod), parts_.services.all());
  if (!env) return refuse("CreateContainerConfigError", env.error());
  auto config =
      container_config(pod, *container, start, *sandbox, image, *env, parts_.node.memory_bytes);
  if (!config) return refuse("CreateContainerConfigError", config.error());
  if (const auto* added = find_ephemeral(pod, start.name))
    if (const auto* target = newest(seen, added->target_container_name))
      config->processes_of = target->id;
  if (auto found = find_profile(config->security, parts_.volumes.profile_folder()); !found)
    return refuse("CreateContainerConfigError", found.error());
  auto mounts = parts_.volumes.mounts(pod, *container, *env);
  if (!mounts) return refuse("CreateContainerConfigError", mounts.error());
  config->mounts = std::move(*mounts);
  auto last_words = memory.terminations.prepare(*container, start.attempt);
  if (!last_words) return refuse("CreateContainerConfigError", last_words.error());
  if (*last_words && std::ranges::none_of(config->mounts, [&](const Mount& mount) {
        return mount.container_path == (*last_words)->container_path;
      }))
    config->mounts.push_back(std::move(**last_words));
  const auto started = parts_.runtime.start_container(sandbox->id, *config);
  if (!started) {
    // One that was made but could not run is seen, and tells its reason itself.
    const auto now = parts_.runtime.inspect(ref_of(pod));
    const auto* made = now ? newest(*now, container->name) : nullptr;
    auto refused = refuse("CreateContainerError", started.error());
    if (made != nullptr && made->attempt == start.attempt) {
      memory.obstacles.erase(container->name);
      return true;
    }
    return refused;
  }
  memory.started.insert(*started);
  record(pod, container->name, client::EventType::normal, "Created",
         text::cat("Created container: ", container->name));
  record(pod, container->name, client::EventType::normal, "Started",
         text::cat("Started container ", container->name));
  if (container->lifecycle && container->lifecycle->post_start)
    hooks_.begin({client::key_of(pod), pod, *container, *started, ip});
  return true;
}

Result<> PodWorkers::act(const core_v1::Pod& pod, const SeenPod& seen, const Action& action,
                         Memory& memory) {
  if (const auto* create = std::get_if<CreateSandbox>(&action)) {
    const auto config = sandbox_config(pod, create->attempt, parts_.dns());
    if (!seen.sandboxes.empty())
      record(pod, "", client::EventType::normal, "SandboxChanged",
             "Pod sandbox changed, it will be killed and re-created.");
    if (!config.ports.empty() && !parts_.runtime.maps_host_ports())
      record(pod, "", client::EventType::warning, "HostPortNotSupported",
             "The pod's hostPort is not served: no plugin of this node's CNI configuration has the "
             "capability portMappings. Install the plugin portmap (Debian: "
             "containernetworking-plugins) and iptables, or use a Service of type NodePort.");
    const auto made =
        config.hostname.size() > kLongestHostname
            ? fail(Errc::invalid, text::cat("the pod's domain name ", config.hostname, " has ",
                                            config.hostname.size(), " characters, a host name has ",
                                            kLongestHostname,
                                            " at most; shorten hostname or subdomain, or leave out "
                                            "setHostnameAsFQDN"))
            : parts_.runtime.run_sandbox(config);
    if (!made) {
      record(pod, "", client::EventType::warning, "FailedCreatePodSandBox",
             text::cat("Failed to create pod sandbox: ", made.error().message));
      return wrap("create sandbox", made.error());
    }
    return {};
  }
  if (const auto* remove = std::get_if<RemoveSandbox>(&action))
    return parts_.runtime.remove_sandbox(remove->id);
  if (const auto* remove = std::get_if<RemoveContainer>(&action)) {
    NODAL_TRY(parts_.runtime.remove_container(remove->id));
    const auto it = std::ranges::find(seen.containers, remove->id, &SeenContainer::id);
    if (it != seen.containers.end()) memory.terminations.forget(*it);
    memory.started.erase(remove->id);
    return {};
  }
  if (const auto* begin = std::get_if<StartContainer>(&action))
    return start(pod, seen, *begin, memory);
  return {};
}

}  // namespace nodal::agent
