// agent/pod/status.cc — see status.h.
#include "agent/pod/status.h"

#include <algorithm>

#include "agent/pod/facts.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

// Made, but its process could not be started.
bool could_not_start(const SeenContainer& seen) {
  return !seen.message.empty() && seen.started_at == seen.created_at;
}

core_v1::ContainerStateTerminated terminated(const SeenContainer& seen,
                                             const StatusInputs& inputs) {
  core_v1::ContainerStateTerminated out;
  out.exit_code = seen.exit_code;
  out.container_id = text::cat(inputs.runtime, "://", seen.id);
  out.message = seen.message;
  if (!seen.told_reason.empty()) {
    out.reason = seen.told_reason;
    if (seen.started_at != TimePoint{}) out.started_at = seen.started_at;
    if (seen.finished_at != TimePoint{}) out.finished_at = seen.finished_at;
    return out;
  }
  if (const auto said = inputs.messages.find(seen.id); said != inputs.messages.end())
    out.message += text::cat(out.message.empty() ? "" : ": ", said->second);
  out.started_at = seen.started_at;
  out.finished_at = seen.finished_at;
  if (seen.oom_killed) {
    out.reason = "OOMKilled";
  } else if (could_not_start(seen)) {
    out.reason = "ContainerCannotRun";
  } else {
    out.reason = seen.exit_code == 0 ? "Completed" : "Error";
  }
  return out;
}

class Reporter {
 public:
  Reporter(const core_v1::Pod& pod, const SeenPod& seen, const StatusInputs& inputs, TimePoint now)
      : pod_(pod), seen_(seen), inputs_(inputs), now_(now), out_(pod.status) {}

  core_v1::PodStatus run() {
    const bool init_done = report_init();
    out_.container_statuses.clear();
    const bool has_init = !pod_.spec.init_containers.empty();
    for (const auto& container : pod_.spec.containers)
      out_.container_statuses.push_back(
          one(container, has_init ? "PodInitializing" : "ContainerCreating"));
    report_added();
    addresses();
    out_.phase = phase(init_done);
    if (inputs_.past_deadline && out_.phase == "Failed") {
      out_.reason = kDeadlineExceeded;
      out_.message = "Pod was active on the node longer than the specified deadline";
    }
    conditions(init_done);
    out_.observed_generation = pod_.metadata.generation;
    if (!out_.start_time) out_.start_time = now_;
    return std::move(out_);
  }

 private:
  bool report_init() {
    out_.init_container_statuses.clear();
    bool done = true;
    for (const auto& container : pod_.spec.init_containers) {
      auto status = one(container, "PodInitializing");
      if (is_sidecar(container)) {
        done = done && status.started.value_or(false);
      } else {
        status.ready = status.state.terminated && status.state.terminated->exit_code == 0;
        done = done && status.ready;
      }
      out_.init_container_statuses.push_back(std::move(status));
    }
    // Once the pod's containers have begun, its init containers count as done.
    for (const auto& container : pod_.spec.containers)
      done = done || newest(seen_, container.name) != nullptr;
    return done;
  }

  // They count for nothing: neither readiness nor the phase depends on them.
  void report_added() {
    out_.ephemeral_container_statuses.clear();
    for (const auto& added : pod_.spec.ephemeral_containers) {
      auto status = one(as_container(added), "ContainerCreating");
      status.ready = false;
      status.started.reset();
      out_.ephemeral_container_statuses.push_back(std::move(status));
    }
  }

  core_v1::ContainerStatus one(const core_v1::Container& container, const char* waiting_reason) {
    core_v1::ContainerStatus out;
    out.name = container.name;
    out.image = container.image;
    out.started = false;
    const auto* last = newest(seen_, container.name);
    const auto obstacle = inputs_.obstacles.find(container.name);
    const auto wait = [&](const Obstacle& why) {
      core_v1::ContainerStateWaiting waiting;
      waiting.reason = why.reason;
      waiting.message = why.message;
      out.state = {};
      out.state.waiting = waiting;
    };
    if (last == nullptr) {
      wait(obstacle != inputs_.obstacles.end() ? obstacle->second : Obstacle{waiting_reason, ""});
      return out;
    }
    out.restart_count = static_cast<std::int32_t>(last->attempt);
    out.container_id = text::cat(inputs_.runtime, "://", last->id);
    out.image = last->image.empty() ? container.image : last->image;
    out.image_id = last->image_id;
    if (const auto* before = previous(seen_, container.name))
      out.last_state.terminated = terminated(*before, inputs_);
    else if (const auto* told = told_before(*last))
      out.last_state.terminated = *told;
    switch (last->state) {
      case ContainerState::running: {
        if (inputs_.hooking.contains(last->id)) {
          wait({waiting_reason, ""});
          break;
        }
        out.state.running.emplace().started_at = last->started_at;
        const auto started = inputs_.started.find(last->id);
        out.started = started == inputs_.started.end() || started->second;
        const auto ready = inputs_.ready.find(last->id);
        out.ready = *out.started && (ready == inputs_.ready.end() || ready->second);
        break;
      }
      case ContainerState::exited: {
        const auto ended = terminated(*last, inputs_);
        const bool init = annotation(*last, kInit) == "true" && !is_sidecar(container);
        const bool again =
            (pod_.spec.restart_policy == "Always" || pod_.spec.restart_policy.empty() ||
             (pod_.spec.restart_policy == "OnFailure" && ended.exit_code != 0)) &&
            !(init && ended.exit_code == 0) && !find_ephemeral(pod_, container.name) &&
            !pod_.metadata.deletion_timestamp && !inputs_.past_deadline;
        const int level = text::number<int>(annotation(*last, kCrashLevel)).value_or(0);
        const bool clean = last->finished_at - last->started_at >= std::chrono::minutes(10);
        const auto back_off = crash_backoff(clean || is_outdated(*last, container) ? 0 : level);
        const bool waits = now_ < last->finished_at + back_off;
        const bool told = tells_end(pod_.status, *last);
        if (again && !waits && obstacle != inputs_.obstacles.end()) {
          wait(obstacle->second);
          out.last_state.terminated = ended;
        } else if (again && could_not_start(*last) && (!told || back_off.count() == 0)) {
          wait({"RunContainerError", last->message});
          out.last_state.terminated = ended;
        } else if (again && told && back_off.count() > 0) {
          wait({"CrashLoopBackOff",
                text::cat("back-off ", duration(back_off), " restarting failed container=",
                          container.name, " pod=", pod_.metadata.name, "_",
                          pod_.metadata.namespace_, "(", pod_.metadata.uid, ")")});
          out.last_state.terminated = ended;
        } else {
          out.state.terminated = ended;
        }
        break;
      }
      case ContainerState::created:
      case ContainerState::unknown:
        wait({waiting_reason, ""});
        break;
    }
    return out;
  }

  // The end of a run before this one that the runtime does not have any more.
  const core_v1::ContainerStateTerminated* told_before(const SeenContainer& now) const {
    const auto* told = told_of(pod_.status, now.name);
    if (told == nullptr) return nullptr;
    for (const auto* state : {&told->state, &told->last_state})
      if (state->terminated && !state->terminated->container_id.ends_with(now.id))
        return &*state->terminated;
    return nullptr;
  }

  static std::string duration(std::chrono::seconds time) {
    const auto s = time.count();
    if (s < 60) return text::cat(s, "s");
    return text::cat(s / 60, "m", s % 60, "s");
  }

  void addresses() {
    out_.host_ip = inputs_.node_ip;
    out_.host_ips.clear();
    if (!inputs_.node_ip.empty()) {
      core_v1::HostIP host;
      host.ip = inputs_.node_ip;
      out_.host_ips.push_back(host);
    }
    const auto* sandbox = ready_sandbox(seen_);
    if (sandbox == nullptr) return;  // the address stays in the status until another is known
    const auto ips = sandbox->host_network && sandbox->ips.empty()
                         ? std::vector<std::string>{inputs_.node_ip}
                         : sandbox->ips;
    if (ips.empty()) return;
    out_.pod_ip = ips.front();
    out_.pod_ips.clear();
    for (const auto& text : ips) {
      core_v1::PodIP ip;
      ip.ip = text;
      out_.pod_ips.push_back(ip);
    }
  }

  std::string phase(bool init_done) const {
    if (pod_.status.phase == "Succeeded" || pod_.status.phase == "Failed")
      return pod_.status.phase;  // there is no way back
    const auto now = inputs_.past_deadline ? "Failed" : phase_of_containers(init_done);
    const bool runs = std::ranges::any_of(seen_.containers, [](const auto& container) {
      return container.state == ContainerState::running;
    });
    const bool ends = now == "Succeeded" || now == "Failed";
    return ends && runs ? (init_done ? "Running" : "Pending") : now;
  }

  std::string phase_of_containers(bool init_done) const {
    const bool never = pod_.spec.restart_policy == "Never";
    for (std::size_t i = 0; i < pod_.spec.init_containers.size(); ++i) {
      const auto& status = out_.init_container_statuses[i];
      if (never && !is_sidecar(pod_.spec.init_containers[i]) && status.state.terminated &&
          status.state.terminated->exit_code != 0)
        return "Failed";
    }
    std::size_t running = 0, waiting = 0, succeeded = 0, failed = 0;
    for (const auto& status : out_.container_statuses) {
      if (status.state.running) {
        ++running;
      } else if (status.state.terminated) {
        ++(status.state.terminated->exit_code == 0 ? succeeded : failed);
      } else if (status.last_state.terminated) {
        ++running;  // between two attempts
      } else {
        ++waiting;
      }
    }
    if (!init_done || waiting > 0) return "Pending";
    if (running > 0) return "Running";
    if (pod_.metadata.deletion_timestamp && running == 0)
      return failed > 0 ? "Failed" : "Succeeded";
    if (pod_.spec.restart_policy == "Always" || pod_.spec.restart_policy.empty()) return "Running";
    if (failed > 0) return never ? "Failed" : "Running";
    return "Succeeded";
  }

  void set(const char* type, bool holds, std::string reason, std::string message) {
    auto it = std::ranges::find(out_.conditions, type, &core_v1::PodCondition::type);
    if (it == out_.conditions.end()) {
      core_v1::PodCondition fresh;
      fresh.type = type;
      out_.conditions.push_back(std::move(fresh));
      it = out_.conditions.end() - 1;
    }
    const std::string status = holds ? "True" : "False";
    if (it->status != status) it->last_transition_time = now_;
    it->status = status;
    it->reason = std::move(reason);
    it->message = std::move(message);
    it->observed_generation = pod_.metadata.generation;
  }

  static std::string names(const std::vector<std::string>& list) {
    return text::cat("[", text::join(list, " "), "]");
  }

  void conditions(bool init_done) {
    set("PodReadyToStartContainers", ready_sandbox(seen_) != nullptr, "", "");
    std::vector<std::string> incomplete, unready;
    for (std::size_t i = 0; i < pod_.spec.init_containers.size(); ++i) {
      const auto& status = out_.init_container_statuses[i];
      const bool sidecar = is_sidecar(pod_.spec.init_containers[i]);
      if (!(sidecar ? status.started.value_or(false) : status.ready))
        incomplete.push_back(status.name);
      if (sidecar && !status.ready) unready.push_back(status.name);
    }
    const bool over = out_.phase == "Succeeded" || out_.phase == "Failed";
    if (init_done) {
      set("Initialized", true, over && out_.phase == "Succeeded" ? "PodCompleted" : "", "");
    } else {
      set("Initialized", false, "ContainersNotInitialized",
          text::cat("containers with incomplete status: ", names(incomplete)));
    }
    for (const auto& status : out_.container_statuses)
      if (!status.ready) unready.push_back(status.name);
    const bool ready = unready.empty() && !over && init_done;
    const std::string reason = ready                       ? ""
                               : out_.phase == "Succeeded" ? "PodCompleted"
                               : out_.phase == "Failed"    ? "PodFailed"
                                                           : "ContainersNotReady";
    const std::string message =
        ready || over ? "" : text::cat("containers with unready status: ", names(unready));
    bool gates = true;
    for (const auto& gate : pod_.spec.readiness_gates) {
      const auto it =
          std::ranges::find(out_.conditions, gate.condition_type, &core_v1::PodCondition::type);
      gates = gates && it != out_.conditions.end() && it->status == "True";
    }
    if (ready && !gates) {
      set("Ready", false, "ReadinessGatesNotReady",
          "corresponding condition of pod readiness gate does not exist or is not True.");
    } else {
      set("Ready", ready, reason, message);
    }
    set("ContainersReady", ready, reason, message);
    set("PodScheduled", true, "", "");
  }

  const core_v1::Pod& pod_;
  const SeenPod& seen_;
  const StatusInputs& inputs_;
  const TimePoint now_;
  core_v1::PodStatus out_;
};

}  // namespace

core_v1::PodStatus status(const core_v1::Pod& pod, const SeenPod& seen, const StatusInputs& inputs,
                          TimePoint now) {
  return Reporter(pod, seen, inputs, now).run();
}

}  // namespace nodal::agent
