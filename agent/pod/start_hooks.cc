// agent/pod/start_hooks.cc — see start_hooks.h.
#include "agent/pod/start_hooks.h"

#include <algorithm>
#include <condition_variable>

#include "agent/pod/endings.h"
#include "agent/probe/prober.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr int kAtOnce = 256;
constexpr std::chrono::seconds kLongest{120};

void sleep_for(std::chrono::seconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

StartHooks::StartHooks(Runtime& runtime, Record record,
                       std::function<void(const std::string& key)> ended)
    : runtime_(runtime),
      record_(std::move(record)),
      ended_(std::move(ended)),
      pool_("pod-start", kAtOnce) {}

StartHooks::~StartHooks() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, hook] : hooks_) hook.stop.request_stop();
}

void StartHooks::begin(Order order) {
  std::stop_token stop;
  {
    const std::lock_guard lock(mutex_);
    const auto [it, is_new] = hooks_.try_emplace(order.id);
    if (!is_new) return;
    it->second.pod_uid = order.pod.metadata.uid;
    stop = it->second.stop.get_token();
  }
  const auto shared = std::make_shared<const Order>(std::move(order));
  if (pool_.run([this, shared, stop] { run(*shared, stop); })) return;
  fail_hook(*shared, "too many hooks are under way");
}

void StartHooks::run(const Order& order, const std::stop_token& stop) {
  const auto failure = outcome(order, stop);
  {
    const std::lock_guard lock(mutex_);
    if (stop.stop_requested()) return;
    if (!failure) hooks_.erase(order.id);
  }
  if (failure)
    fail_hook(order, *failure);
  else
    ended_(order.key);
}

void StartHooks::fail_hook(const Order& order, std::string_view why) {
  record_(order.pod, order.container.name, client::EventType::warning, "FailedPostStartHook",
          text::cat("PostStartHook failed: ", why));
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = hooks_.find(order.id); it != hooks_.end()) it->second.failed = true;
  }
  ended_(order.key);
}

std::optional<std::string> StartHooks::outcome(const Order& order, const std::stop_token& stop) {
  const auto& hook = *order.container.lifecycle->post_start;
  if (hook.exec) {
    const auto done = runtime_.exec(order.id, hook.exec->command, kLongest);
    if (!done) return done.error().message;
    return done->exit_code == 0 ? std::nullopt : std::optional(done->output);
  }
  if (hook.http_get) {
    core_v1::Probe probe;
    probe.http_get = *hook.http_get;
    probe.timeout_seconds = static_cast<std::int32_t>(kLongest.count());
    auto done = run_probe(probe, order.container, order.ip, order.id, runtime_);
    return done.success ? std::nullopt : std::optional(std::move(done.output));
  }
  if (hook.tcp_socket) return kNoTcpHook;
  if (hook.sleep) sleep_for(std::chrono::seconds(hook.sleep->seconds), stop);
  return std::nullopt;
}

std::set<std::string> StartHooks::under_way(const std::string& pod_uid) const {
  return ids_of(pod_uid, false);
}

std::set<std::string> StartHooks::failed(const std::string& pod_uid) const {
  return ids_of(pod_uid, true);
}

std::set<std::string> StartHooks::ids_of(const std::string& pod_uid, bool failed_only) const {
  std::set<std::string> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, hook] : hooks_)
    if (hook.pod_uid == pod_uid && (hook.failed || !failed_only)) out.insert(id);
  return out;
}

void StartHooks::keep_only(const std::string& pod_uid,
                           const std::vector<std::string>& container_ids) {
  const std::lock_guard lock(mutex_);
  std::erase_if(hooks_, [&](auto& entry) {
    if (entry.second.pod_uid != pod_uid ||
        std::ranges::find(container_ids, entry.first) != container_ids.end())
      return false;
    entry.second.stop.request_stop();
    return true;
  });
}

}  // namespace nodal::agent
