// master/controllers/replicaset/controller.cc — see controller.h.
#include "master/controllers/replicaset/controller.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "api-client/client/selects.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::master::controllers {
namespace {

// Writes wait for the disk: several go out at once so that they share a commit.
constexpr int kWriters = 8;

// How long to wait for the mirror before looking again on our own (it wakes us when it changes).
constexpr std::chrono::seconds kUntilSeen{30};

client::EventTarget target_of(const apps_v1::ReplicaSet& set) {
  return {"apps/v1",
          "ReplicaSet",
          set.metadata.namespace_,
          set.metadata.name,
          set.metadata.uid,
          set.metadata.resource_version,
          ""};
}

// Runs `work(i)` for i in [0, count) on a few threads; the first error ends it.
template <class Work>
Result<> in_parallel(int count, Work work) {
  std::atomic<int> next = 0;
  std::mutex mutex;
  Result<> outcome;
  const auto run = [&] {
    for (int i = next++; i < count; i = next++) {
      if (auto done = work(i); !done) {
        const std::lock_guard lock(mutex);
        if (outcome) outcome = std::unexpected(done.error());
        next = count;
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 1; i < std::min(kWriters, count); ++i) threads.emplace_back(run);
  run();
  threads.clear();
  return outcome;
}

}  // namespace

ReplicaSetController::ReplicaSetController(Context context)
    : Controller("replicaset", std::move(context), 4) {
  context_.mirrors.replica_sets.on_change(
      [this](const client::Change<apps_v1::ReplicaSet>& change) { wake(change.key); });
  context_.mirrors.pods.on_change([this](const client::Change<core_v1::Pod>& change) {
    if (!change.after) created_.gone(change.before->metadata.uid);
    for (const auto& pod : {change.before, change.after}) {
      if (!pod) continue;
      const auto uid = controller_uid(pod->metadata);
      for (const auto& set :
           context_.mirrors.replica_sets.by_index(kByNamespace, pod->metadata.namespace_))
        if (uid.empty()
                ? set->spec.selector && client::selects(*set->spec.selector, pod->metadata.labels)
                : set->metadata.uid == uid)
          wake(client::key_of(*set));
    }
  });
}

bool ReplicaSetController::has_seen_own_work(const std::string& key) {
  const auto& pods = context_.mirrors.pods;
  const auto has = [&](const std::string& pod, const std::string&) {
    return pods.get(pod) != nullptr;
  };
  const auto lets_go = [&](const std::string& pod, const std::string& uid) {
    const auto there = pods.get(pod);
    return !there || there->metadata.uid != uid || there->metadata.deletion_timestamp;
  };
  const TimePoint now = context_.clock.now();
  return !created_.is_waiting(key, has, now) && !removed_.is_waiting(key, lets_go, now);
}

Result<Again> ReplicaSetController::reconcile(const std::string& key) {
  const auto set = context_.mirrors.replica_sets.get(key);
  if (!set) {
    created_.forget(key);
    removed_.forget(key);
    return Again{};
  }
  if (!has_seen_own_work(key)) return Again{kUntilSeen};

  std::vector<replicaset::PodPtr> pods =
      context_.mirrors.pods.by_index(kByController, set->metadata.uid);
  for (const auto& pod : context_.mirrors.pods.by_index(kByNamespace, set->metadata.namespace_))
    if (controller_uid(pod->metadata).empty()) pods.push_back(pod);
  const TimePoint now = context_.clock.now();
  const auto plan = replicaset::plan(*set, pods, now);

  for (const auto& pod : plan.adopt) {
    const auto patch =
        text::cat(R"({"metadata":{"uid":")", pod->metadata.uid,
                  R"(","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":")",
                  set->metadata.name, R"(","uid":")", set->metadata.uid,
                  R"(","controller":true,"blockOwnerDeletion":true}]}})");
    NODAL_TRY(context_.client->patch<core_v1::Pod>(pod->metadata.namespace_, pod->metadata.name,
                                                   client::PatchType::strategic, patch));
  }
  for (const auto& pod : plan.release) {
    const auto patch = text::cat(R"({"metadata":{"uid":")", pod->metadata.uid,
                                 R"(","ownerReferences":[{"$patch":"delete","uid":")",
                                 set->metadata.uid, R"("}]}})");
    NODAL_TRY(context_.client->patch<core_v1::Pod>(pod->metadata.namespace_, pod->metadata.name,
                                                   client::PatchType::strategic, patch));
  }
  const auto created = plan.create > 0 ? create_pods(*set, plan.create) : Result<>{};
  const auto removed = plan.remove.empty() ? Result<>{} : remove_pods(*set, plan.remove);
  apps_v1::ReplicaSet after = *set;
  if (plan.status) after.status = *plan.status;
  replicaset::tell_failure(after.status,
                           !created   ? "FailedCreate"
                           : !removed ? "FailedDelete"
                                      : "",
                           !created   ? created.error().message
                           : !removed ? removed.error().message
                                      : "",
                           now);
  if (after.status != set->status) NODAL_TRY(patch_status(*context_.client, *set, after));
  if (!created) return wrap("create pod", created.error());
  NODAL_TRY(removed);
  if (plan.look_again)
    return Again{
        std::max<std::chrono::nanoseconds>(*plan.look_again - now, std::chrono::milliseconds(1))};
  return Again{};
}

Result<> ReplicaSetController::create_pods(const apps_v1::ReplicaSet& set, int count) {
  const auto pod = replicaset::make_pod(set);
  const auto key = client::key_of(set);
  // One goes first: what refuses one (quota, a missing service account) refuses all.
  const auto create = [&](int) -> Result<> {
    auto created = context_.client->create(pod);
    if (!created) {
      record(target_of(set), client::EventType::warning, "FailedCreate",
             text::cat("Error creating: ", created.error().message));
      return std::unexpected(created.error());
    }
    created_.add(key, created->metadata.uid, client::key_of(*created), context_.clock.now());
    record(target_of(set), client::EventType::normal, "SuccessfulCreate",
           text::cat("Created pod: ", created->metadata.name));
    return {};
  };
  NODAL_TRY(create(0));
  return in_parallel(count - 1, create);
}

Result<> ReplicaSetController::remove_pods(const apps_v1::ReplicaSet& set,
                                           const std::vector<replicaset::PodPtr>& pods) {
  const auto key = client::key_of(set);
  return in_parallel(static_cast<int>(pods.size()), [&](int i) -> Result<> {
    const auto& pod = *pods[static_cast<std::size_t>(i)];
    auto removed = context_.client->remove<core_v1::Pod>(pod.metadata.namespace_, pod.metadata.name,
                                                         {.uid = pod.metadata.uid});
    if (!removed && removed.error().code != Errc::not_found) {
      record(target_of(set), client::EventType::warning, "FailedDelete",
             text::cat("Error deleting: ", removed.error().message));
      return wrap("unable to delete pods", removed.error());
    }
    removed_.add(key, pod.metadata.uid, client::key_of(pod), context_.clock.now());
    if (removed)
      record(target_of(set), client::EventType::normal, "SuccessfulDelete",
             text::cat("Deleted pod: ", pod.metadata.name));
    return {};
  });
}

}  // namespace nodal::master::controllers
