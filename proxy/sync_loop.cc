// proxy/sync_loop.cc — see sync_loop.h.
#include "proxy/sync_loop.h"

#include <algorithm>

#include "base/log.h"

namespace nodal::proxy {
namespace {
constexpr std::string_view kKey = "sync";
}

SyncLoop::SyncLoop(ServiceTable& table, std::unique_ptr<Dataplane> dataplane, Follow follow)
    : table_(table),
      dataplane_(std::move(dataplane)),
      follow_(std::move(follow)),
      loop_({.name = "sync", .threads = 1}, [this](const std::string&) { return sync(); }) {}

SyncLoop::~SyncLoop() { loop_.stop(); }

void SyncLoop::wake() { loop_.wake(kKey); }

void SyncLoop::set_node(NodeView node) {
  {
    const std::lock_guard lock(mutex_);
    if (node_ == node) return;
    node_ = std::move(node);
  }
  loop_.wake(kKey);
}

void SyncLoop::reload() {
  if (!reload_.exchange(true)) loop_.wake(kKey);
}

void SyncLoop::verify() {
  if (!verify_.exchange(true)) loop_.wake(kKey);
}

SyncFigures SyncLoop::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

Result<std::string> SyncLoop::dump() {
  const std::lock_guard lock(dataplane_mutex_);
  return dataplane_->dump();
}

void SyncLoop::when_drained(std::string pod, std::function<bool()> wanted,
                            std::function<void()> then) {
  const std::lock_guard lock(dataplane_mutex_);
  auto services = table_.snapshot().read()->serving(pod);
  waiters_.push_back({std::move(pod), std::move(services), std::move(wanted), std::move(then)});
  tell_drained();
}

// Under dataplane_mutex_, so the snapshot is what the kernel has (unless a sync failed, which is
// tried again).
void SyncLoop::tell_drained() {
  const auto snapshot = table_.snapshot().read();
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (!waiter.wanted()) return true;
    if (pending_.everything && synced_) return false;
    if (std::ranges::any_of(waiter.services, [&](const std::string& key) {
          const auto entry = snapshot->find(key);
          return entry && serves(*entry, waiter.pod);
        }))
      return false;
    waiter.then();
    return true;
  });
}

Result<Again> SyncLoop::sync() {
  std::optional<NodeView> node;
  {
    const std::lock_guard lock(mutex_);
    node = node_;
  }
  if (!node || !table_.has_synced()) return Again{};

  const std::lock_guard lock(dataplane_mutex_);
  if (!adopted_) {
    NODAL_TRY(dataplane_->adopt());
    adopted_ = true;
  }
  bool anew = reload_.exchange(false);
  if (verify_.exchange(false) && !anew) anew = !dataplane_->intact().value_or(false);
  if (anew && synced_) {
    log::warn("the dataplane was changed by somebody else; loading it anew");
    pending_.everything = true;
  }
  const auto before = table_.snapshot().read();
  const Changes changes = table_.take();
  for (const auto& key : changes.services) before_.try_emplace(key, before->find(key));
  pending_.services.insert(changes.services.begin(), changes.services.end());

  const auto start = std::chrono::steady_clock::now();
  const auto done = dataplane_->sync(*table_.snapshot().read(), *node, pending_);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  {
    const std::lock_guard figures_lock(mutex_);
    ++figures_.syncs;
    figures_.full_syncs += pending_.everything ? 1 : 0;
    figures_.failures += done ? 0 : 1;
    figures_.last = took;
  }
  if (!done) {
    pending_.everything = true;
    return std::unexpected(done.error());
  }
  if (pending_.everything)
    log::info("dataplane loaded",
              {{"services", table_.snapshot().read()->size()}, {"microseconds", took.count()}});
  const bool everything = pending_.everything || synced_node_ != node;
  pending_ = Changes{false, {}};
  synced_ = true;
  synced_node_ = node;
  if (follow_) follow_({*table_.snapshot().read(), *node, before_, everything});
  before_.clear();
  tell_drained();
  return Again{};
}

}  // namespace nodal::proxy
