// agent/pod/workers.cc — see workers.h.
#include "agent/pod/workers.h"

#include <algorithm>
#include <thread>

#include "agent/pod/admission.h"
#include "agent/pod/facts.h"
#include "agent/pod/status_patch.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr int kThreads = 16;
constexpr std::chrono::seconds kLongestHook{120};
constexpr std::chrono::seconds kOrphanGrace{10};
constexpr std::chrono::seconds kEndAgain{1};  // after a container that could not be ended
constexpr std::chrono::seconds kRefresh{60};  // of volumes that follow objects
constexpr int kMostSteps = 24;  // plans in one run: a pod of many containers starts in one go
constexpr std::chrono::seconds kLongestSetback{10};
constexpr std::size_t kMostHosts = 1u << 20;  // bytes of the node's /etc/hosts
constexpr const char* kMirror = "kubernetes.io/config.mirror";

std::string describe(const Action& action) {
  return std::visit(
      [](const auto& a) -> std::string {
        using T = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<T, CreateSandbox>)
          return text::cat("create sandbox ", a.attempt);
        if constexpr (std::is_same_v<T, RemoveSandbox>)
          return text::cat("remove sandbox ", a.id.substr(0, 12));
        if constexpr (std::is_same_v<T, StartContainer>)
          return text::cat("start ", a.name, " attempt ", a.attempt);
        if constexpr (std::is_same_v<T, KillContainer>)
          return text::cat("kill ", a.name, ": ", a.why);
        if constexpr (std::is_same_v<T, RemoveContainer>)
          return text::cat("remove container ", a.id.substr(0, 12));
        return {};
      },
      action);
}

std::chrono::seconds grace_of(const core_v1::Pod& pod) {
  if (pod.metadata.deletion_grace_period_seconds)
    return std::chrono::seconds(*pod.metadata.deletion_grace_period_seconds);
  return std::chrono::seconds(pod.spec.termination_grace_period_seconds.value_or(30));
}

}  // namespace

PodWorkers::PodWorkers(WorkerParts parts)
    : parts_(std::move(parts)),
      prober_(parts_.runtime, parts_.clock,
              [this](const Prober::Change& change) { probed(change); }),
      loop_({.name = "pod",
             .threads = kThreads,
             .first_backoff = std::chrono::milliseconds(200),
             .longest_backoff = std::chrono::milliseconds(20000)},
            [this](const std::string& key) { return sync(key); }),
      images_(
          parts_.runtime, parts_.clock, recorder(),
          [client = parts_.client](const std::string& namespace_, const std::string& name) {
            return client->get<core_v1::Secret>(namespace_, name);
          },
          [this](const std::string& uid) { wake_uid(uid); }),
      endings_(parts_.runtime, parts_.gate, recorder(),
               [this](const std::string& key, const Result<>& outcome) { ended(key, outcome); }) {
  parts_.pods.on_change([this](const client::Change<core_v1::Pod>& change) {
    // Our own status patches come back as changes: only what others changed is work.
    if (change.before && change.after && change.before->spec == change.after->spec &&
        change.before->metadata.deletion_timestamp == change.after->metadata.deletion_timestamp &&
        change.before->metadata.labels == change.after->metadata.labels &&
        change.before->metadata.annotations == change.after->metadata.annotations &&
        change.before->metadata.uid == change.after->metadata.uid &&
        same_gates(*change.before, *change.after) &&
        change.before->metadata.deletion_grace_period_seconds ==
            change.after->metadata.deletion_grace_period_seconds)
      return;
    wake(change.key);
  });
}

PodWorkers::~PodWorkers() { loop_.stop(); }

Record PodWorkers::recorder() {
  return [this](const core_v1::Pod& pod, const std::string& container, client::EventType type,
                std::string_view reason,
                std::string_view message) { record(pod, container, type, reason, message); };
}

void PodWorkers::ended(const std::string& key, const Result<>& outcome) {
  if (outcome) return loop_.wake(key);
  log::warn("a container does not end", {{"pod", key}, {"error", outcome.error().message}});
  loop_.wake_after(key, kEndAgain);
}

void PodWorkers::wake_uid(const std::string& uid) {
  std::string key;
  {
    const std::lock_guard lock(mutex_);
    const auto it = keys_.find(uid);
    if (it == keys_.end()) return;
    key = it->second;
  }
  wake(key);
}

void PodWorkers::relist() {
  for (const auto& pod : parts_.pods.all()) wake(client::key_of(*pod));
  const auto seen = parts_.runtime.list();
  if (!seen) {
    log::warn("the runtime cannot be listed", {{"error", seen.error().message}});
    return;
  }
  if (!parts_.pods.has_synced()) return;  // what is not listed yet is not unwanted
  std::set<std::string> wanted;
  for (const auto& pod : parts_.pods.all()) wanted.insert(pod->metadata.uid);
  for (const auto& pod : *seen) {
    if (wanted.contains(pod.pod.uid)) continue;
    const auto key = text::cat("orphan/", pod.pod.uid);
    {
      const std::lock_guard lock(mutex_);
      orphans_[key] = pod.pod;
    }
    wake(key);
  }
  for (const auto& uid : parts_.volumes.present())
    if (!wanted.contains(uid) &&
        std::ranges::none_of(*seen, [&](const auto& pod) { return pod.pod.uid == uid; }))
      if (auto removed = parts_.volumes.remove(uid); !removed)
        log::warn("a pod's leftovers stay", {{"uid", uid}, {"error", removed.error().message}});
}

std::map<std::string, std::string> PodWorkers::plans() const {
  const std::lock_guard lock(mutex_);
  return plans_;
}

void PodWorkers::record(const core_v1::Pod& pod, const std::string& container,
                        client::EventType type, std::string_view reason, std::string_view message) {
  client::EventTarget target{"v1",
                             "Pod",
                             pod.metadata.namespace_,
                             pod.metadata.name,
                             pod.metadata.uid,
                             pod.metadata.resource_version,
                             ""};
  if (!container.empty()) {
    const bool init = std::ranges::any_of(pod.spec.init_containers,
                                          [&](const auto& c) { return c.name == container; });
    target.field_path = text::cat(init                             ? "spec.initContainers{"
                                  : find_ephemeral(pod, container) ? "spec.ephemeralContainers{"
                                                                   : "spec.containers{",
                                  container, "}");
  }
  parts_.events.record(target, type, reason, message);
}

void PodWorkers::probed(const Prober::Change& change) {
  std::string key;
  {
    const std::lock_guard lock(mutex_);
    const auto it = keys_.find(change.pod_uid);
    if (it == keys_.end()) return;
    key = it->second;
  }
  if (!change.good || change.warning)
    if (const auto pod = parts_.pods.get(key); pod && !pod->metadata.deletion_timestamp) {
      const char* kind = change.kind == ProbeKind::liveness    ? "Liveness"
                         : change.kind == ProbeKind::readiness ? "Readiness"
                                                               : "Startup";
      record(*pod, change.container, client::EventType::warning,
             change.good ? "ProbeWarning" : "Unhealthy",
             text::cat(kind, " probe ",
                       change.good    ? "warning"
                       : change.known ? "failed"
                                      : "errored and resulted in unknown state",
                       ": ", change.output));
    }
  if (change.verdict) wake(key);
}

References PodWorkers::references(const core_v1::Pod& pod) const {
  const auto ns = pod.metadata.namespace_;
  References out;
  out.config_map = [client = parts_.client, ns](const std::string& name) -> Result<Values> {
    const auto object = NODAL_TRY(client->get<core_v1::ConfigMap>(ns, name));
    Values values = object.data;
    for (const auto& [key, bytes] : object.binary_data) values[key] = bytes;
    return values;
  };
  out.secret = [client = parts_.client, ns](const std::string& name) -> Result<Values> {
    return NODAL_TRY(client->get<core_v1::Secret>(ns, name)).data;
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
      environment(pod, *container, ip, parts_.node, references(pod), parts_.services.all());
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
  {
    const std::lock_guard lock(mutex_);
    known_containers_.insert(*started);
  }
  record(pod, container->name, client::EventType::normal, "Created",
         text::cat("Created container: ", container->name));
  record(pod, container->name, client::EventType::normal, "Started",
         text::cat("Started container ", container->name));
  if (container->lifecycle && container->lifecycle->post_start)
    post_start(pod, *container, *started, ip);
  return true;
}

void PodWorkers::post_start(const core_v1::Pod& pod, const core_v1::Container& container,
                            const std::string& id, const std::string& ip) {
  const auto& hook = *container.lifecycle->post_start;
  std::optional<std::string> failure;
  if (hook.exec) {
    const auto done = parts_.runtime.exec(id, hook.exec->command, kLongestHook);
    if (!done || done->exit_code != 0) failure = done ? done->output : done.error().message;
  } else if (hook.http_get) {
    core_v1::Probe probe;
    probe.http_get = *hook.http_get;
    probe.timeout_seconds = static_cast<std::int32_t>(kLongestHook.count());
    if (const auto done = run_probe(probe, container, ip, id, parts_.runtime); !done.success)
      failure = done.output;
  } else if (hook.tcp_socket) {
    failure = kNoTcpHook;
  } else if (hook.sleep) {
    std::this_thread::sleep_for(std::chrono::seconds(hook.sleep->seconds));
  }
  if (!failure) return;
  record(pod, container.name, client::EventType::warning, "FailedPostStartHook",
         text::cat("PostStartHook failed: ", *failure));
  endings_.begin(client::key_of(pod), pod,
                 {id, container.name, grace_of(pod), "FailedPostStartHook"}, false);
}

Result<> PodWorkers::act(const core_v1::Pod& pod, const SeenPod& seen, const Action& action,
                         Memory& memory) {
  if (const auto* create = std::get_if<CreateSandbox>(&action)) {
    const auto config = sandbox_config(pod, create->attempt, parts_.dns());
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
    return {};
  }
  if (const auto* begin = std::get_if<StartContainer>(&action))
    return start(pod, seen, *begin, memory);
  return {};
}

void PodWorkers::follow_probes(const core_v1::Pod& pod, const SeenPod& seen) {
  const auto* sandbox = ready_sandbox(seen);
  std::vector<std::string> running;
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers})
    for (const auto& container : *list) {
      const auto* last = newest(seen, container.name);
      if (last == nullptr || last->state != ContainerState::running || sandbox == nullptr) continue;
      running.push_back(last->id);
      if (!container.liveness_probe && !container.readiness_probe && !container.startup_probe)
        continue;
      bool ours = false;
      {
        const std::lock_guard lock(mutex_);
        ours = known_containers_.contains(last->id);
      }
      // A container that ran before this process is what its last status says: a restart of the
      // agent flips nothing.
      bool was_ready = false, was_started = false;
      if (!ours)
        for (const auto* statuses :
             {&pod.status.container_statuses, &pod.status.init_container_statuses})
          for (const auto& status : *statuses)
            if (status.container_id.ends_with(last->id)) {
              was_ready = status.ready;
              was_started = status.started.value_or(false);
            }
      const std::string ip =
          sandbox->host_network || sandbox->ips.empty() ? parts_.node.ip : sandbox->ips.front();
      prober_.watch(pod, container, last->id, ip, last->started_at, was_ready, was_started);
    }
  prober_.keep_only(pod.metadata.uid, running);
  // Whether a pod that ends is ready goes on to be true or not; whether it lives is settled.
  if (pod.metadata.deletion_timestamp) prober_.end_liveness(pod.metadata.uid);
}

Result<> PodWorkers::report(const core_v1::Pod& pod, const SeenPod& seen, Memory& memory,
                            bool past_deadline) {
  StatusInputs inputs;
  inputs.obstacles = memory.obstacles;
  inputs.ready = prober_.ready_of(pod.metadata.uid);
  inputs.started = prober_.started_of(pod.metadata.uid);
  inputs.messages = memory.terminations.messages(pod, seen, parts_.runtime);
  inputs.node_ip = parts_.node.ip;
  inputs.past_deadline = past_deadline;
  const auto latest = parts_.pods.get(client::key_of(pod));
  const core_v1::Pod base = latest && latest->metadata.uid == pod.metadata.uid ? *latest : pod;
  core_v1::Pod after = base;
  after.status = status(base, seen, inputs, parts_.clock.now());
  auto patch = NODAL_TRY(status_patch(base, after));
  if (patch == "{}" || patch == memory.last_patch) return {};
  memory.last_patch = patch;
  auto written = write_status(pod, std::move(patch));
  if (!written) memory.last_patch.clear();
  return written;
}

Result<> PodWorkers::write_status(const core_v1::Pod& pod, std::string patch) {
  patch.insert(1, text::cat(R"("metadata":{"uid":")", pod.metadata.uid, R"("},)"));
  const auto written = parts_.client->patch<core_v1::Pod>(
      pod.metadata.namespace_, pod.metadata.name, client::PatchType::strategic, patch, "status");
  // Gone, or another of that name.
  if (written || written.error().code == Errc::not_found || written.error().code == Errc::conflict)
    return {};
  return wrap("report status", written.error());
}

Result<> PodWorkers::reject(const core_v1::Pod& pod, const Rejection& why) {
  if (pod.status.phase == "Failed") return {};
  record(pod, "", client::EventType::warning, why.reason, why.message);
  core_v1::Pod after = pod;
  after.status.phase = "Failed";
  after.status.reason = why.reason;
  after.status.message = why.message;
  if (!after.status.start_time) after.status.start_time = parts_.clock.now();
  return write_status(pod, NODAL_TRY(status_patch(pod, after)));
}

Result<> PodWorkers::remove_orphan(const std::string& key) {
  PodRef ref;
  {
    const std::lock_guard lock(mutex_);
    const auto it = orphans_.find(key);
    if (it == orphans_.end()) return {};
    ref = it->second;
  }
  Memory unused(parts_.volumes.pod_folder(ref.uid));
  core_v1::Pod pod;
  pod.metadata.namespace_ = ref.namespace_;
  pod.metadata.name = ref.name;
  pod.metadata.uid = ref.uid;
  while (true) {
    const auto seen = NODAL_TRY(parts_.runtime.inspect(ref));
    const auto plan = agent::plan(
        pod, seen,
        {.terminating = true, .grace = kOrphanGrace, .failed_liveness = {}, .past_deadline = false},
        parts_.clock.now());
    if (plan.ended && plan.actions.empty()) {
      for (const auto& container : seen.containers)
        NODAL_TRY(parts_.runtime.remove_container(container.id));
      NODAL_TRY(parts_.volumes.remove(ref.uid));
      const std::lock_guard lock(mutex_);
      orphans_.erase(key);
      return {};
    }
    bool acted = false;
    for (const auto& action : plan.actions) {
      if (const auto* end = std::get_if<KillContainer>(&action)) {
        endings_.begin(key, pod, *end, false);
      } else {
        NODAL_TRY(act(pod, seen, action, unused));
        acted = true;
      }
    }
    if (!acted) return {};  // its containers are ending
  }
}

Result<Again> PodWorkers::sync(const std::string& key) {
  if (key.starts_with("orphan/")) {
    NODAL_TRY(remove_orphan(key));
    return Again{};
  }
  const auto wanted = parts_.pods.get(key);
  if (!wanted) {
    // Deleted behind our back (force): what runs of it is an orphan.
    std::string uid;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [u, k] : keys_)
        if (k == key) uid = u;
      if (uid.empty()) return Again{};
      keys_.erase(uid);
      memory_.erase(uid);
      plans_.erase(key);
      const auto [ns, name] =
          std::pair(key.substr(0, key.find('/')), key.substr(key.find('/') + 1));
      orphans_[text::cat("orphan/", uid)] = {ns, name, uid};
    }
    prober_.keep_only(uid, {});
    images_.forget(uid);
    loop_.wake(text::cat("orphan/", uid));
    return Again{};
  }
  const core_v1::Pod& pod = *wanted;
  if (pod.metadata.annotations.contains(kMirror))
    return Again{};  // a process of the host, shown as a pod: not ours to run
  Memory* memory = nullptr;
  std::string replaced;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [uid, k] : keys_)
      if (k == key && uid != pod.metadata.uid) replaced = uid;
    if (!replaced.empty()) {
      keys_.erase(replaced);
      orphans_[text::cat("orphan/", replaced)] = {pod.metadata.namespace_, pod.metadata.name,
                                                  replaced};
    }
    keys_[pod.metadata.uid] = key;
    memory = &memory_.try_emplace(pod.metadata.uid, parts_.volumes.pod_folder(pod.metadata.uid))
                  .first->second;
  }
  if (!replaced.empty()) loop_.wake(text::cat("orphan/", replaced));

  const bool terminating = pod.metadata.deletion_timestamp.has_value();
  // One that was taken up already runs to its end.
  if (const auto no = rejection(pod); no && !terminating && pod.status.container_statuses.empty()) {
    NODAL_TRY(reject(pod, *no));
    return Again{};
  }
  const TimePoint begun = pod.status.start_time.value_or(parts_.clock.now());
  const bool past_deadline =
      pod.spec.active_deadline_seconds && !has_ended_itself(pod) &&
      parts_.clock.now() >= begun + std::chrono::seconds(*pod.spec.active_deadline_seconds);
  std::optional<std::chrono::nanoseconds> again;
  const auto wake_in = [&](std::chrono::nanoseconds delay) {
    again = again ? std::min(*again, delay) : delay;
  };
  if (pod.spec.active_deadline_seconds && !past_deadline && !has_ended_itself(pod))
    wake_in(begun + std::chrono::seconds(*pod.spec.active_deadline_seconds) - parts_.clock.now() +
            std::chrono::milliseconds(1));

  Result<> outcome;
  for (int step = 0; step < kMostSteps; ++step) {
    const auto seen = NODAL_TRY(parts_.runtime.inspect(ref_of(pod)));
    follow_probes(pod, seen);
    PodSituation situation;
    situation.terminating = terminating;
    situation.grace = grace_of(pod);
    situation.past_deadline = past_deadline;
    situation.over = has_ended_itself(pod);
    for (auto& id : prober_.failed_of(pod.metadata.uid))
      situation.failed_liveness.insert(std::move(id));
    for (const auto& [id, started] : prober_.started_of(pod.metadata.uid))
      if (!started) situation.not_started.insert(id);
    situation.pulling = images_.pulling(pod.metadata.uid);
    for (const auto& [name, setback] : memory->setbacks)
      situation.not_before[name] = setback.not_before;
    const auto plan = agent::plan(pod, seen, situation, parts_.clock.now());
    {
      std::string text;
      for (const auto& action : plan.actions)
        text += text::cat(text.empty() ? "" : "; ", describe(action));
      const std::lock_guard lock(mutex_);
      plans_[key] = text.empty() ? (plan.ended ? "ended" : "nothing to do") : text;
    }
    if (plan.wake_at) wake_in(*plan.wake_at - parts_.clock.now() + std::chrono::milliseconds(1));

    auto actions = plan.actions;
    std::erase_if(actions, [&](const Action& action) {
      const auto* end = std::get_if<KillContainer>(&action);
      if (end != nullptr) endings_.begin(key, pod, *end, terminating);
      return end != nullptr;
    });
    if (actions.empty()) {  // whatever comes next will wake us
      for (const auto& name : plan.backing_off)
        record(
            pod, name, client::EventType::warning, "BackOff",
            text::cat("Back-off restarting failed container ", name, " in pod ", pod.metadata.name,
                      "_", pod.metadata.namespace_, "(", pod.metadata.uid, ")"));
      if (!terminating && !plan.ended && Volumes::needs_refresh(pod) &&
          ready_sandbox(seen) != nullptr) {
        auto told = Volumes::told_downward(pod);
        if (parts_.clock.now() - memory->refreshed >= kRefresh || told != memory->told_downward) {
          if (auto fresh = parts_.volumes.prepare(pod, pod.status.pod_ip, references(pod)); !fresh)
            log::warn("volumes cannot be refreshed",
                      {{"pod", key}, {"error", fresh.error().message}});
          memory->refreshed = parts_.clock.now();
          memory->told_downward = std::move(told);
        }
        wake_in(kRefresh);
      }
      NODAL_TRY(report(pod, seen, *memory, past_deadline));
      if (plan.ended && terminating) {
        for (const auto& container : seen.containers)
          NODAL_TRY(parts_.runtime.remove_container(container.id));
        NODAL_TRY(parts_.volumes.remove(pod.metadata.uid));
        const auto removed = parts_.client->remove<core_v1::Pod>(
            pod.metadata.namespace_, pod.metadata.name,
            {.grace_period_seconds = 0, .uid = pod.metadata.uid, .propagation_policy = ""});
        if (!removed && removed.error().code != Errc::not_found &&
            removed.error().code != Errc::conflict)
          return wrap("finish deletion", removed.error());
        prober_.keep_only(pod.metadata.uid, {});
        const std::lock_guard lock(mutex_);
        images_.forget(pod.metadata.uid);
        keys_.erase(pod.metadata.uid);
        memory_.erase(pod.metadata.uid);
        plans_.erase(key);
        return Again{};
      }
      break;
    }
    // Volumes and files stand before anything of the pod starts.
    const bool starts = std::ranges::any_of(
        actions, [](const auto& a) { return std::holds_alternative<StartContainer>(a); });
    if (starts) {
      const auto* sandbox = ready_sandbox(seen);
      const std::string ip = sandbox == nullptr                              ? ""
                             : sandbox->host_network || sandbox->ips.empty() ? parts_.node.ip
                                                                             : sandbox->ips.front();
      auto prepared = parts_.volumes.prepare(pod, ip, references(pod));
      if (prepared) {
        const auto dns = parts_.dns();
        const std::string of_node =
            pod.spec.host_network ? file::read("/etc/hosts", kMostHosts).value_or("") : "";
        prepared = parts_.volumes.write_network_files(pod, hosts_file(pod, ip, dns.domain, of_node),
                                                      resolv_conf(dns_config(pod, dns)));
      }
      memory->refreshed = parts_.clock.now();
      memory->told_downward = Volumes::told_downward(pod);
      if (!prepared) {
        record(pod, "", client::EventType::warning, "FailedMount", prepared.error().message);
        NODAL_TRY(report(pod, seen, *memory, past_deadline));
        return std::unexpected(prepared.error());
      }
    }
    // Whoever watches sees that the pod has been taken up before its sandbox is there.
    if (seen.sandboxes.empty() && std::ranges::any_of(actions, [](const auto& a) {
          return std::holds_alternative<CreateSandbox>(a);
        }))
      NODAL_TRY(report(pod, seen, *memory, past_deadline));
    for (const auto& action : actions)
      if (auto done = act(pod, seen, action, *memory); !done && outcome) outcome = std::move(done);
    if (!outcome) {
      const auto now_seen = parts_.runtime.inspect(ref_of(pod));
      if (now_seen) NODAL_TRY(report(pod, *now_seen, *memory, past_deadline));
      return std::unexpected(outcome.error());
    }
  }
  return Again{again};
}

}  // namespace nodal::agent
