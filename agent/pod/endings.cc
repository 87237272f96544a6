// agent/pod/endings.cc — see endings.h.
#include "agent/pod/endings.h"

#include <algorithm>
#include <thread>

#include "agent/pod/facts.h"
#include "agent/probe/prober.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr int kAtOnce = 256;
constexpr std::chrono::milliseconds kLongestDrain{2000};

}  // namespace

Endings::Endings(Runtime& runtime, const DrainGate& gate, Record record,
                 std::function<void(const std::string& key, const Result<>& outcome)> ended)
    : runtime_(runtime),
      gate_(gate),
      record_(std::move(record)),
      ended_(std::move(ended)),
      pool_("pod-end", kAtOnce) {}

void Endings::begin(const std::string& key, const core_v1::Pod& pod, const KillContainer& kill,
                    bool serves) {
  {
    const std::lock_guard lock(mutex_);
    const auto [it, is_new] = grace_.emplace(kill.id, kill.grace);
    if (!is_new) {
      if (it->second <= kill.grace) return;
      it->second = kill.grace;  // a second stop with less time overtakes the first
    }
  }
  const auto done = [this, key, id = kill.id, grace = kill.grace](const Result<>& outcome) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto it = grace_.find(id); it != grace_.end() && it->second == grace)
        grace_.erase(it);
    }
    ended_(key, outcome);
  };
  if (!pool_.run([this, pod, kill, serves, done] { done(end(pod, kill, serves)); }))
    done(fail(Errc::unavailable, "too many containers are being ended"));
}

Result<> Endings::end(const core_v1::Pod& pod, const KillContainer& kill, bool serves) {
  record_(pod, kill.name, client::EventType::normal, "Killing", kill.why);
  auto grace = kill.grace;
  if (grace.count() > 0) {
    const auto begun = std::chrono::steady_clock::now();
    const auto container = find_container(pod, kill.name);
    if (container && container->lifecycle && container->lifecycle->pre_stop)
      pre_stop(pod, *container, kill);
    if (serves)
      gate_.wait(pod.metadata.namespace_, pod.metadata.name,
                 std::min<std::chrono::milliseconds>(kLongestDrain, grace));
    const auto used =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
    if (used.count() > 0) grace = std::max(kLeastGrace, grace - used);
  }
  return runtime_.stop_container(kill.id, grace);
}

void Endings::pre_stop(const core_v1::Pod& pod, const core_v1::Container& container,
                       const KillContainer& kill) {
  const auto failed = [&](const std::string& why) {
    record_(pod, kill.name, client::EventType::warning, "FailedPreStopHook",
            text::cat("PreStopHook failed: ", why));
  };
  const auto& hook = *container.lifecycle->pre_stop;
  if (hook.exec) {
    const auto done = runtime_.exec(kill.id, hook.exec->command, kill.grace);
    if (!done || done->exit_code != 0) failed(done ? done->output : done.error().message);
  } else if (hook.http_get) {
    core_v1::Probe probe;
    probe.http_get = *hook.http_get;
    probe.timeout_seconds = static_cast<std::int32_t>(kill.grace.count());
    const auto done = run_probe(probe, container, pod.status.pod_ip, kill.id, runtime_);
    if (!done.success) failed(done.output);
  } else if (hook.tcp_socket) {
    failed(kNoTcpHook);
  } else if (hook.sleep) {
    std::this_thread::sleep_for(
        std::min<std::chrono::seconds>(std::chrono::seconds(hook.sleep->seconds), kill.grace));
  }
}

}  // namespace nodal::agent
