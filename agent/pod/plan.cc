// agent/pod/plan.cc — see plan.h.
#include "agent/pod/plan.h"

#include <algorithm>

#include "agent/pod/facts.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::chrono::minutes kCleanRun{10};
constexpr std::chrono::seconds kLongestBackoff{300};
constexpr std::size_t kKeptAttempts = 1;  ///< dead ones behind the newest, for `logs -p`

class Planner {
 public:
  Planner(const core_v1::Pod& pod, const SeenPod& seen, const PodSituation& situation,
          TimePoint now)
      : pod_(pod), seen_(seen), situation_(situation), now_(now) {}

  PodPlan run() {
    if (situation_.terminating || situation_.past_deadline) {
      end();
      return std::move(out_);
    }
    if (is_over() || situation_.over) {
      end();  // its sidecars
      return std::move(out_);
    }
    const SeenSandbox* sandbox = ready_sandbox(seen_);
    if (sandbox == nullptr) {
      std::uint32_t attempt = 0;
      for (const auto& old : seen_.sandboxes) {
        attempt = std::max(attempt, old.attempt + 1);
        out_.actions.push_back(RemoveSandbox{old.id});
      }
      // A sandbox that is gone has left its number on the containers that ran in it.
      for (const auto& container : seen_.containers)
        if (const auto of = text::number<std::uint32_t>(annotation(container, kSandboxAttempt)))
          attempt = std::max(attempt, *of + 1);
      out_.actions.push_back(CreateSandbox{attempt});
      return std::move(out_);
    }
    sandbox_ = sandbox;
    for (const auto& added : pod_.spec.ephemeral_containers) start_once(added);
    if (start_init())
      for (const auto& container : pod_.spec.containers) {
        keep_running(container, pod_.spec.restart_policy);
        held_ = held_ || is_hooking(container);
      }
    remove_old_attempts();
    return std::move(out_);
  }

 private:
  // Nothing runs and nothing may be started again.
  [[nodiscard]] bool is_over() const {
    if (pod_.spec.restart_policy == "Always" || pod_.spec.restart_policy.empty()) return false;
    const bool never = pod_.spec.restart_policy == "Never";
    for (const auto& container : pod_.spec.init_containers) {
      if (is_sidecar(container)) continue;
      const auto* last = newest(seen_, container.name);
      if (last == nullptr || last->state != ContainerState::exited) break;
      if (last->exit_code != 0) return never;
    }
    return std::ranges::all_of(pod_.spec.containers, [&](const auto& container) {
      const auto* last = newest(seen_, container.name);
      return last != nullptr && last->state == ContainerState::exited &&
             (never || last->exit_code == 0);
    });
  }

  // Sidecars serve the others to their end, and the later ones: those of the highest rank end
  // first, together.
  [[nodiscard]] std::size_t rank(const SeenContainer& container) const {
    const auto& init = pod_.spec.init_containers;
    const auto it = std::ranges::find_if(
        init, [&](const auto& c) { return c.name == container.name && is_sidecar(c); });
    return static_cast<std::size_t>(it - init.begin());
  }

  // What the containers that went before have left of the pod's grace.
  [[nodiscard]] std::chrono::seconds grace_left(std::size_t turn) const {
    if (turn == pod_.spec.init_containers.size() || situation_.grace.count() == 0)
      return situation_.grace;
    std::optional<TimePoint> since = situation_.ending_since;
    std::optional<TimePoint> until = since;
    for (const auto& container : seen_.containers) {
      if (container.state != ContainerState::exited || rank(container) <= turn) continue;
      if (!situation_.ending_since && rank(container) == pod_.spec.init_containers.size())
        since = std::max(since.value_or(container.finished_at), container.finished_at);
      until = std::max(until.value_or(container.finished_at), container.finished_at);
    }
    if (!since || !until) return std::max(kLeastGrace, situation_.grace);
    const auto used = std::chrono::floor<std::chrono::seconds>(*until - *since);
    return std::max(kLeastGrace, situation_.grace - used);
  }

  void end() {
    std::optional<std::size_t> turn;
    for (const auto& container : seen_.containers)
      if (container.state == ContainerState::running)
        turn = std::max(turn.value_or(0), rank(container));
    for (const auto& container : seen_.containers) {
      if (container.state == ContainerState::created)
        out_.actions.push_back(RemoveContainer{container.id});  // there is no process to end
      if (container.state == ContainerState::running && rank(container) == turn)
        out_.actions.push_back(KillContainer{container.id, container.name, grace_left(*turn),
                                             text::cat("Stopping container ", container.name)});
    }
    if (!out_.actions.empty()) return;
    for (const auto& sandbox : seen_.sandboxes)
      if (sandbox.ready || situation_.terminating)
        out_.actions.push_back(RemoveSandbox{sandbox.id});
    if (!out_.actions.empty()) return;
    out_.ended = true;
  }

  // False while a plain init container has not ended well.
  bool start_init() {
    // After the pod's containers have once begun in this sandbox, init containers are not looked at
    // again, and a sidecar that ended holds up nobody.
    const bool begun = has_main();
    for (const auto& container : pod_.spec.init_containers) {
      if (is_sidecar(container)) {
        keep_running(container, "Always");
        const auto* last = newest(seen_, container.name);
        if (!begun && (last == nullptr || last->state != ContainerState::running ||
                       situation_.not_started.contains(last->id) || is_hooking(container)))
          return false;
        continue;
      }
      if (begun) continue;
      const auto* last = newest(seen_, container.name);
      const bool of_this_sandbox =
          last != nullptr && annotation(*last, kSandboxAttempt) == text::cat(sandbox_->attempt);
      if (last == nullptr || (!of_this_sandbox && last->state == ContainerState::exited)) {
        start({container.name, last == nullptr ? 0 : last->attempt + 1, 0, true});
        return false;
      }
      if (last->state == ContainerState::running) return false;
      if (last->state == ContainerState::created) {
        out_.actions.push_back(RemoveContainer{last->id});
        return false;
      }
      if (last->exit_code == 0) continue;
      restart(container, *last, true);
      return false;
    }
    return true;
  }

  [[nodiscard]] bool is_hooking(const core_v1::Container& container) const {
    const auto* last = newest(seen_, container.name);
    return last != nullptr && last->state == ContainerState::running &&
           situation_.hooking.contains(last->id);
  }

  [[nodiscard]] bool has_main() const {
    return std::ranges::any_of(pod_.spec.containers, [&](const auto& container) {
      const auto* last = newest(seen_, container.name);
      return last != nullptr &&
             (last->state == ContainerState::running ||
              annotation(*last, kSandboxAttempt) == text::cat(sandbox_->attempt));
    });
  }

  void keep_running(const core_v1::Container& container, const std::string& policy) {
    const auto* last = newest(seen_, container.name);
    const bool init = std::ranges::any_of(pod_.spec.init_containers,
                                          [&](const auto& c) { return c.name == container.name; });
    if (last == nullptr) {
      start({container.name, 0, 0, init});
      return;
    }
    switch (last->state) {
      case ContainerState::running: {
        if (is_outdated(*last, container)) {
          out_.actions.push_back(KillContainer{
              last->id, last->name, situation_.grace,
              text::cat("Container ", container.name, " definition changed, will be restarted")});
        } else if (situation_.failed_hooks.contains(last->id)) {
          out_.actions.push_back(
              KillContainer{last->id, last->name, situation_.grace, "FailedPostStartHook"});
        } else if (situation_.failed_liveness.contains(last->id)) {
          const bool startup = situation_.not_started.contains(last->id);
          const auto& probe = startup ? container.startup_probe : container.liveness_probe;
          auto grace = situation_.grace;
          if (probe && probe->termination_grace_period_seconds)
            grace = std::chrono::seconds(*probe->termination_grace_period_seconds);
          out_.actions.push_back(KillContainer{
              last->id, last->name, grace,
              text::cat("Container ", container.name, " failed ", startup ? "startup" : "liveness",
                        " probe", policy == "Never" ? "" : ", will be restarted")});
        }
        return;
      }
      case ContainerState::created:
        out_.actions.push_back(
            RemoveContainer{last->id});  // made, never started: whoever made it is gone
        return;
      case ContainerState::unknown:
        return;
      case ContainerState::exited:
        break;
    }
    const bool wanted =
        policy == "Always" || policy.empty() || (policy == "OnFailure" && last->exit_code != 0);
    if (wanted) restart(container, *last, init);
  }

  // Beside the others, at whatever point those are; never again once it has run.
  void start_once(const core_v1::EphemeralContainer& container) {
    const auto* last = newest(seen_, container.name);
    if (last != nullptr && last->state == ContainerState::created) {
      out_.actions.push_back(RemoveContainer{last->id});
      return;
    }
    if (last != nullptr) return;
    // There is a process namespace to join while the target runs.
    const auto& target = container.target_container_name;
    const auto* of = newest(seen_, target);
    if (target.empty() || (of != nullptr && of->state == ContainerState::running))
      start({container.name, 0, 0, false});
  }

  void restart(const core_v1::Container& container, const SeenContainer& last, bool init) {
    if (is_outdated(last, container))  // another image may do better: it begins without a record
      return start({last.name, last.attempt + 1, 0, init});
    const bool clean = last.finished_at - last.started_at >= kCleanRun;
    const int level = clean ? 0 : text::number<int>(annotation(last, kCrashLevel)).value_or(0);
    const TimePoint at = last.finished_at + crash_backoff(level);
    if (now_ >= at) {
      start({last.name, last.attempt + 1, std::min(level + 1, 30), init});
    } else {
      wake_at(at);
      out_.backing_off.push_back(last.name);
    }
  }

  void start(StartContainer container) {
    if (held_ || situation_.pulling.contains(container.name)) return;
    const auto it = situation_.not_before.find(container.name);
    if (it != situation_.not_before.end() && now_ < it->second)
      wake_at(it->second);
    else
      out_.actions.push_back(std::move(container));
  }
  void wake_at(TimePoint at) { out_.wake_at = std::min(out_.wake_at.value_or(at), at); }

  void remove_old_attempts() {
    std::vector<std::string> names;
    for (const auto& container : seen_.containers)
      if (std::ranges::find(names, container.name) == names.end()) names.push_back(container.name);
    for (const auto& name : names) {
      std::vector<const SeenContainer*> dead;
      const auto* last = newest(seen_, name);
      for (const auto& container : seen_.containers)
        if (container.name == name && &container != last &&
            container.state == ContainerState::exited)
          dead.push_back(&container);
      std::ranges::sort(dead, std::greater{}, [](const auto* c) { return c->attempt; });
      for (std::size_t i = kKeptAttempts; i < dead.size(); ++i)
        out_.actions.push_back(RemoveContainer{dead[i]->id});
    }
  }

  const core_v1::Pod& pod_;
  const SeenPod& seen_;
  const PodSituation& situation_;
  const TimePoint now_;
  const SeenSandbox* sandbox_ = nullptr;
  bool held_ = false;  // a postStart hook runs: what comes after its container is not started
  PodPlan out_;
};

}  // namespace

std::chrono::seconds crash_backoff(int level) {
  if (level <= 0) return std::chrono::seconds(0);
  return std::min(std::chrono::seconds(10) * (1 << std::min(level - 1, 10)), kLongestBackoff);
}

PodPlan plan(const core_v1::Pod& pod, const SeenPod& seen, const PodSituation& situation,
             TimePoint now) {
  return Planner(pod, seen, situation, now).run();
}

}  // namespace nodal::agent
