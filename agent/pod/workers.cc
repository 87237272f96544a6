// agent/pod/workers.cc — see workers.h.
#include "agent/pod/workers.h"

#include <algorithm>

#include "agent/pod/admission.h"
#include "agent/pod/facts.h"
#include "agent/pod/recall.h"
#include "agent/pod/status_patch.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr int kThreads = 16;
constexpr std::chrono::seconds kOrphanGrace{10};
constexpr std::chrono::seconds kEndAgain{1};  // after a container that could not be ended
constexpr std::chrono::seconds kRefresh{60};  // of volumes that follow objects
constexpr int kMostSteps = 24;  // plans in one run: a pod of many containers starts in one go
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
      statuses_(parts_.client),
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
               [this](const std::string& key, const Result<>& outcome) { ended(key, outcome); }),
      hooks_(parts_.runtime, recorder(), [this](const std::string& key) { wake(key); }) {
  parts_.pods.on_change([this](const client::Change<core_v1::Pod>& change) {
    // Our own status patches come back as changes: only what others changed is work, also where
    // they wrote over what we told.
    if (change.before && change.after && change.before->spec == change.after->spec &&
        change.before->metadata.deletion_timestamp == change.after->metadata.deletion_timestamp &&
        change.before->metadata.labels == change.after->metadata.labels &&
        change.before->metadata.annotations == change.after->metadata.annotations &&
        change.before->metadata.uid == change.after->metadata.uid &&
        same_gates(*change.before, *change.after) &&
        change.before->metadata.deletion_grace_period_seconds ==
            change.after->metadata.deletion_grace_period_seconds &&
        statuses_.stands(*change.after))
      return;
    wake(change.key);
  });
  parts_.nodes.on_change([this](const client::Change<core_v1::Node>& change) {
    if (change.after && is_measured(*change.after) &&
        (!change.before || !is_measured(*change.before)))
      for (const auto& pod : parts_.pods.all()) wake(client::key_of(*pod));
  });
  // Containers wait for these with their start.
  parts_.services.on_synced([this] {
    for (const auto& pod : parts_.pods.all()) wake(client::key_of(*pod));
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
      keys_[pod.pod.uid] = key;
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

void PodWorkers::follow_probes(const core_v1::Pod& pod, const SeenPod& seen, const Memory& memory) {
  const auto* sandbox = ready_sandbox(seen);
  const auto hooking = hooks_.under_way(pod.metadata.uid);
  std::vector<std::string> running;
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers})
    for (const auto& container : *list) {
      const auto* last = newest(seen, container.name);
      if (last == nullptr || last->state != ContainerState::running || sandbox == nullptr) continue;
      running.push_back(last->id);
      if (!container.liveness_probe && !container.readiness_probe && !container.startup_probe)
        continue;
      if (hooking.contains(last->id)) continue;
      // A container that ran before this process is what its last status says: a restart of the
      // agent flips nothing.
      bool was_ready = false, was_started = false;
      if (!memory.started.contains(last->id))
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
  if (pod.metadata.deletion_timestamp) running.clear();  // which does not wait for a hook
  hooks_.keep_only(pod.metadata.uid, running);
  // Whether a pod that ends is ready goes on to be true or not; whether it lives is settled.
  if (pod.metadata.deletion_timestamp) prober_.end_liveness(pod.metadata.uid);
}

std::shared_ptr<const core_v1::Pod> PodWorkers::latest(
    const std::shared_ptr<const core_v1::Pod>& pod) const {
  auto mirrored = parts_.pods.get(client::key_of(*pod));
  if (!mirrored || mirrored->metadata.uid != pod->metadata.uid) mirrored = pod;
  return statuses_.newest(std::move(mirrored));
}

Result<> PodWorkers::report(const std::shared_ptr<const core_v1::Pod>& pod, const SeenPod& seen,
                            Memory& memory, bool past_deadline) {
  const auto before = latest(pod);
  const auto& uid = pod->metadata.uid;
  StatusInputs inputs;
  inputs.obstacles = memory.obstacles;
  inputs.ready = prober_.ready_of(uid);
  inputs.started = prober_.started_of(uid);
  inputs.messages = memory.terminations.messages(*pod, seen, parts_.runtime);
  inputs.hooking = hooks_.under_way(uid);
  inputs.node_ip = parts_.node.ip;
  inputs.past_deadline = past_deadline;
  core_v1::Pod after = *before;
  after.status = status(*before, seen, inputs, parts_.clock.now());
  return statuses_.write(*before, after);
}

void PodWorkers::drop(const std::string& uid) {
  prober_.keep_only(uid, {});
  hooks_.keep_only(uid, {});
  images_.forget(uid);
  statuses_.forget(uid);
  const std::lock_guard lock(mutex_);
  keys_.erase(uid);
  memory_.erase(uid);
  admitted_.erase(uid);
}

Result<bool> PodWorkers::admit(const core_v1::Pod& pod) {
  // What was taken before, by this process or the one before it, runs to its end.
  const auto is_taken = [this](const core_v1::Pod& each) {
    return !each.status.container_statuses.empty() || admitted_.contains(each.metadata.uid);
  };
  auto no = rejection(pod);
  {
    const std::lock_guard lock(mutex_);  // held throughout: two pods may want the same
    if (is_taken(pod)) return true;
    if (pod.status.phase == "Failed") return false;  // and has been told so
    if (!no) {
      const auto node = parts_.nodes.get(parts_.node.name);
      if (!node || !is_measured(*node)) return false;  // its change wakes the pods
      auto others = parts_.pods.all();
      std::erase_if(others, [&](const auto& other) {
        return other->status.phase == "Succeeded" || other->status.phase == "Failed" ||
               !is_taken(*other);
      });
      no = misfit(pod, *node, others);
    }
    if (!no) admitted_.insert(pod.metadata.uid);
  }
  if (!no) return true;
  NODAL_TRY(reject(pod, *no));
  return false;
}

Result<> PodWorkers::reject(const core_v1::Pod& pod, const Rejection& why) {
  record(pod, "", client::EventType::warning, why.reason, why.message);
  core_v1::Pod after = pod;
  after.status.phase = "Failed";
  after.status.reason = why.reason;
  after.status.message = text::cat("Pod was rejected: ", why.message);
  if (!after.status.start_time) after.status.start_time = parts_.clock.now();
  return statuses_.write(pod, after);
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
      keys_.erase(ref.uid);
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
  auto wanted = parts_.pods.get(key);
  // Deleted behind our back (force), or by now another of that name: what runs of it is an orphan.
  std::string gone;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [uid, k] : keys_)
      if (k == key && (!wanted || uid != wanted->metadata.uid)) gone = uid;
  }
  if (!gone.empty()) {
    drop(gone);
    const auto orphan = text::cat("orphan/", gone);
    {
      const std::lock_guard lock(mutex_);
      if (!wanted) plans_.erase(key);
      const auto slash = key.find('/');
      orphans_[orphan] = {key.substr(0, slash), key.substr(slash + 1), gone};
      keys_[gone] = orphan;
    }
    loop_.wake(orphan);
  }
  if (!wanted) return Again{};
  wanted = statuses_.newest(std::move(wanted));
  const core_v1::Pod& pod = *wanted;
  if (pod.metadata.annotations.contains(kMirror))
    return Again{};  // a process of the host, shown as a pod: not ours to run
  Memory* memory = nullptr;
  {
    const std::lock_guard lock(mutex_);
    keys_[pod.metadata.uid] = key;
    memory = &memory_.try_emplace(pod.metadata.uid, parts_.volumes.pod_folder(pod.metadata.uid))
                  .first->second;
  }

  const bool terminating = pod.metadata.deletion_timestamp.has_value();
  if (!terminating && !NODAL_TRY(admit(pod))) return Again{};
  const TimePoint begun = pod.status.start_time.value_or(parts_.clock.now());
  const bool past_deadline =
      pod.spec.active_deadline_seconds && !has_ended_itself(pod) &&
      parts_.clock.now() >= begun + std::chrono::seconds(*pod.spec.active_deadline_seconds);
  if (past_deadline && !terminating && !std::exchange(memory->told_deadline, true) &&
      pod.status.phase != "Failed")
    record(pod, "", client::EventType::normal, kDeadlineExceeded,
           "Pod was active on the node longer than the specified deadline");
  std::optional<std::chrono::nanoseconds> again;
  const auto wake_in = [&](std::chrono::nanoseconds delay) {
    again = again ? std::min(*again, delay) : delay;
  };
  if (pod.spec.active_deadline_seconds && !past_deadline && !has_ended_itself(pod))
    wake_in(begun + std::chrono::seconds(*pod.spec.active_deadline_seconds) - parts_.clock.now() +
            std::chrono::milliseconds(1));

  Result<> outcome;
  for (int step = 0; step < kMostSteps; ++step) {
    const auto told = latest(wanted);
    const auto seen = recalled(*told, NODAL_TRY(parts_.runtime.inspect(ref_of(pod))));
    follow_probes(pod, seen, *memory);
    PodSituation situation;
    situation.terminating = terminating;
    situation.grace = grace_of(pod);
    if (terminating)
      situation.ending_since = *pod.metadata.deletion_timestamp - situation.grace;
    else if (past_deadline)
      situation.ending_since = begun + std::chrono::seconds(*pod.spec.active_deadline_seconds);
    situation.past_deadline = past_deadline;
    situation.over = has_ended_itself(pod);
    for (auto& id : prober_.failed_of(pod.metadata.uid))
      situation.failed_liveness.insert(std::move(id));
    for (const auto& [id, started] : prober_.started_of(pod.metadata.uid))
      if (!started) situation.not_started.insert(id);
    situation.hooking = hooks_.under_way(pod.metadata.uid);
    situation.failed_hooks = hooks_.failed(pod.metadata.uid);
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
    const auto starts = [](const Action& a) { return std::holds_alternative<StartContainer>(a); };
    // Their environment names the Services; when those are known, the pod is woken.
    if (!parts_.services.has_synced()) std::erase_if(actions, starts);
    // Before the next start hides it.
    const bool untold_end = !terminating && has_untold_end(*told, seen);
    if (untold_end && !actions.empty()) NODAL_TRY(report(wanted, seen, *memory, past_deadline));
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
      NODAL_TRY(report(wanted, seen, *memory, past_deadline));
      if (untold_end)  // and now that it waits
        NODAL_TRY(report(wanted, seen, *memory, past_deadline));
      if (plan.ended && terminating) {
        for (const auto& container : seen.containers)
          if (container.told_reason.empty())
            NODAL_TRY(parts_.runtime.remove_container(container.id));
        NODAL_TRY(parts_.volumes.remove(pod.metadata.uid));
        const auto removed = parts_.client->remove<core_v1::Pod>(
            pod.metadata.namespace_, pod.metadata.name,
            {.grace_period_seconds = 0, .uid = pod.metadata.uid, .propagation_policy = ""});
        if (!removed && removed.error().code != Errc::not_found &&
            removed.error().code != Errc::conflict)
          return wrap("finish deletion", removed.error());
        drop(pod.metadata.uid);
        const std::lock_guard lock(mutex_);
        plans_.erase(key);
        return Again{};
      }
      break;
    }
    // Volumes and files stand before anything of the pod starts.
    if (std::ranges::any_of(actions, starts)) {
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
        NODAL_TRY(report(wanted, seen, *memory, past_deadline));
        return std::unexpected(prepared.error());
      }
    }
    // Whoever watches sees that the pod has been taken up before its sandbox is there.
    if (seen.sandboxes.empty() && std::ranges::any_of(actions, [](const auto& a) {
          return std::holds_alternative<CreateSandbox>(a);
        }))
      NODAL_TRY(report(wanted, seen, *memory, past_deadline));
    for (const auto& action : actions)
      if (auto done = act(pod, seen, action, *memory); !done && outcome) outcome = std::move(done);
    if (!outcome) {
      if (auto now = parts_.runtime.inspect(ref_of(pod)))
        NODAL_TRY(
            report(wanted, recalled(*latest(wanted), std::move(*now)), *memory, past_deadline));
      return std::unexpected(outcome.error());
    }
  }
  return Again{again};
}

}  // namespace nodal::agent
