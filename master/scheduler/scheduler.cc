// master/scheduler/scheduler.cc — see scheduler.h.
#include "master/scheduler/scheduler.h"

#include <algorithm>

#include "api-client/codec/merge_diff.h"
#include "api-client/codec/time.h"
#include "base/log.h"
#include "base/text.h"
#include "master/scheduler/schedule.h"

namespace nodal::master::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Bindings wait for the disk: several share a commit.
constexpr int kWriters = 16;
constexpr seconds kFirstPause{1};
constexpr seconds kLongestPause{10};
// @source kube-scheduler: how long a pod may wait for a change before it is tried anyway
constexpr seconds kLongestParked{300};
constexpr milliseconds kUntilSynced{20};
constexpr const char* kName = "default-scheduler";
constexpr const char* kTurn = "turn";  // the one key of the loop of decisions

bool wants_us(const core_v1::Pod& pod) {
  return pod.spec.node_name.empty() && !pod.metadata.deletion_timestamp &&
         pod.status.phase != "Succeeded" && pod.status.phase != "Failed" &&
         (pod.spec.scheduler_name.empty() || pod.spec.scheduler_name == kName);
}

// Does the change matter to a pod that did not fit?
bool frees_something(const core_v1::Node& before, const core_v1::Node& after) {
  return before.spec.unschedulable != after.spec.unschedulable ||
         before.spec.taints != after.spec.taints ||
         before.metadata.labels != after.metadata.labels ||
         before.status.allocatable != after.status.allocatable;
}

client::EventTarget target_of(const core_v1::Pod& pod) {
  return {"v1",
          "Pod",
          pod.metadata.namespace_,
          pod.metadata.name,
          pod.metadata.uid,
          pod.metadata.resource_version,
          ""};
}

}  // namespace

Scheduler::Scheduler(Parts parts)
    : parts_(std::move(parts)),
      writers_({.name = "bind", .threads = kWriters},
               [this](const std::string& key) { return write(key); }),
      decisions_({.name = "schedule", .threads = 1},
                 [this](const std::string&) { return decide(); }) {
  parts_.pods.on_change([this](const auto& change) { pod_changed(change); });
  parts_.nodes.on_change([this](const auto& change) { node_changed(change); });
  parts_.pods.on_synced([this] { decisions_.wake(kTurn); });
  parts_.nodes.on_synced([this] { decisions_.wake(kTurn); });
}

Scheduler::~Scheduler() {
  decisions_.stop();
  writers_.stop();
}

void Scheduler::pod_changed(const client::Change<core_v1::Pod>& change) {
  const auto& pod = change.after;
  const std::lock_guard lock(mutex_);
  // Between two lists another pod may have come under the name of one that went.
  if (!pod || (change.before && change.before->metadata.uid != pod->metadata.uid)) {
    const bool placed = !cluster_.node_of(change.key).empty();
    cluster_.remove_pod(change.key);
    forget(change.key);
    if (placed) retry_parked();
    if (!pod) return;
  }
  if (!pod->spec.node_name.empty()) {
    forget(change.key);
    if (pod->status.phase == "Succeeded" || pod->status.phase == "Failed") {
      if (cluster_.node_of(change.key).empty()) return;
      cluster_.remove_pod(change.key);
      retry_parked();
      return;
    }
    cluster_.put_pod(change.key, facts_of(pod), pod->spec.node_name);
    // Affinity may have waited for this pod.
    if (!change.before || change.before->spec.node_name.empty()) retry_parked();
    return;
  }
  if (!wants_us(*pod)) {
    forget(change.key);
    return;
  }
  // Its binding is written or under way; this is an older state.
  if (!cluster_.node_of(change.key).empty()) return;
  auto [it, added] = pending_.try_emplace(change.key);
  auto& pending = it->second;
  const bool same = !added && pending.pod->metadata.uid == pod->metadata.uid &&
                    pending.pod->spec == pod->spec &&
                    pending.pod->metadata.labels == pod->metadata.labels;
  pending.pod = pod;
  if (added) pending.sequence = ++sequence_;
  if (!pod->spec.scheduling_gates.empty()) {
    if (pending.stage == Stage::parked && pending.told) return;
    pending.stage = Stage::parked;
    pending.message = "Scheduling is blocked due to non-empty scheduling gates";
    writers_.wake(change.key);
    return;
  }
  if (!same) queue(change.key, pending);
}

void Scheduler::node_changed(const client::Change<core_v1::Node>& change) {
  const std::lock_guard lock(mutex_);
  if (!change.after) {
    cluster_.remove_node(change.key);
    return;
  }
  cluster_.put_node(change.after);
  if (!change.before || frees_something(*change.before, *change.after)) retry_parked();
}

void Scheduler::queue(const std::string& key, Pending& pending) {
  pending.stage = Stage::queued;
  pending.told = false;
  set_due(key, pending, std::nullopt);
  turns_.emplace(-std::int64_t{pending.pod->spec.priority.value_or(0)}, pending.sequence, key);
  decisions_.wake(kTurn);
}

void Scheduler::forget(std::string_view key) {
  const auto it = pending_.find(key);
  if (it == pending_.end()) return;
  turns_.erase(
      {-std::int64_t{it->second.pod->spec.priority.value_or(0)}, it->second.sequence, it->first});
  set_due(it->first, it->second, std::nullopt);
  pending_.erase(it);
}

void Scheduler::set_due(const std::string& key, Pending& pending, std::optional<TimePoint> at) {
  if (pending.due) due_.erase({*pending.due, key});
  pending.due = at;
  if (at) due_.emplace(*at, key);
}

void Scheduler::park(const std::string& key, Pending& pending, std::string message,
                     bool waits_for_change) {
  pending.stage = Stage::parked;
  pending.told = pending.told && pending.message == message;
  pending.message = std::move(message);
  const auto pause = std::min<seconds>(
      kFirstPause * (std::int64_t{1} << std::min(pending.attempts, 8)), kLongestPause);
  ++pending.attempts;
  const TimePoint now = parts_.clock.now();
  pending.not_before = now + pause;
  set_due(key, pending, waits_for_change ? now + kLongestParked : pending.not_before);
}

void Scheduler::retry_parked() {
  for (auto& [key, pending] : pending_)
    if (pending.stage == Stage::parked && pending.due) set_due(key, pending, pending.not_before);
  if (!due_.empty()) decisions_.wake(kTurn);
}

Result<Again> Scheduler::decide() {
  if (!parts_.pods.has_synced() || !parts_.nodes.has_synced()) return Again{kUntilSynced};
  while (true) {
    const std::lock_guard lock(mutex_);
    const TimePoint now = parts_.clock.now();
    while (!due_.empty() && due_.begin()->first <= now) {
      const auto key = due_.begin()->second;
      queue(key, pending_.find(key)->second);
    }
    if (turns_.empty()) {
      if (!due_.empty()) return Again{due_.begin()->first - now};
      return Again{};
    }
    const auto key = std::get<2>(*turns_.begin());
    turns_.erase(turns_.begin());
    auto& pending = pending_.find(key)->second;
    auto facts = facts_of(pending.pod);
    auto decision = schedule(facts, cluster_);
    if (decision.node.empty()) {
      park(key, pending, std::move(decision.message), true);
      if (!pending.told) writers_.wake(key);
      continue;
    }
    cluster_.put_pod(key, std::move(facts), decision.node);
    cluster_.mark_chosen(decision.node);
    pending.stage = Stage::binding;
    pending.node = std::move(decision.node);
    writers_.wake(key);
  }
}

Result<Again> Scheduler::write(const std::string& key) {
  Pending pending;
  {
    const std::lock_guard lock(mutex_);
    const auto it = pending_.find(key);
    if (it == pending_.end()) return Again{};
    pending = it->second;
  }
  switch (pending.stage) {
    case Stage::queued:
      break;
    case Stage::binding:
      NODAL_TRY(bind(key, pending));
      break;
    case Stage::parked: {
      if (pending.told) break;
      const bool gated = !pending.pod->spec.scheduling_gates.empty();
      auto done = tell(*pending.pod, gated ? "SchedulingGated" : "Unschedulable", pending.message);
      if (!done && done.error().code != Errc::not_found) return std::unexpected(done.error());
      const std::lock_guard lock(mutex_);
      if (const auto it = pending_.find(key); it != pending_.end())
        it->second.told = it->second.told || it->second.message == pending.message;
      break;
    }
  }
  return Again{};
}

Result<> Scheduler::bind(const std::string& key, const Pending& pending) {
  const auto& meta = pending.pod->metadata;
  auto bound = parts_.client->bind(meta.namespace_, meta.name, meta.uid, pending.node);
  if (bound) {
    parts_.events.record(target_of(*pending.pod), client::EventType::normal, "Scheduled",
                         text::cat("Successfully assigned ", key, " to ", pending.node));
    const std::lock_guard lock(mutex_);
    if (const auto it = pending_.find(key);
        it != pending_.end() && it->second.pod->metadata.uid == meta.uid)
      forget(key);
    return {};
  }
  const std::lock_guard lock(mutex_);
  const auto it = pending_.find(key);
  // Gone, replaced, or bound by somebody else meanwhile: the mirror has said so or will.
  if (it == pending_.end() || it->second.pod->metadata.uid != meta.uid) return {};
  cluster_.remove_pod(key);
  if (bound.error().code == Errc::not_found) {
    forget(key);
    return {};
  }
  log::warn("a binding was refused", {{"pod", key}, {"error", bound.error().message}});
  park(key, it->second, text::cat("binding rejected: ", bound.error().message), false);
  decisions_.wake(kTurn);
  return {};
}

// @source PodCondition PodScheduled; the event is what `kubectl describe pod` shows
Result<> Scheduler::tell(const core_v1::Pod& pod, const std::string& reason,
                         const std::string& message) {
  if (reason == "Unschedulable")
    parts_.events.record(target_of(pod), client::EventType::warning, "FailedScheduling", message);
  const auto known =
      std::ranges::find(pod.status.conditions, "PodScheduled", &core_v1::PodCondition::type);
  const bool there = known != pod.status.conditions.end();
  if (there && known->status == "False" && known->reason == reason && known->message == message)
    return {};
  core_v1::PodCondition condition;
  condition.type = "PodScheduled";
  condition.status = "False";
  condition.reason = reason;
  condition.message = message;
  condition.last_transition_time =
      there && known->status == "False" ? known->last_transition_time : parts_.clock.now();
  // Strategic: conditions are merged by type.
  NODAL_TRY(parts_.client->patch<core_v1::Pod>(
      pod.metadata.namespace_, pod.metadata.name, client::PatchType::strategic,
      text::cat(R"({"status":{"conditions":[)", codec::encode(condition), "]}}"), "status"));
  return {};
}

}  // namespace nodal::master::scheduler
