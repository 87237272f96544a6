// proxy/sync_loop.h — drives one Dataplane from the service table: at once when idle, coalesced
// while a sync runs.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/loop/keyed_loop.h"
#include "proxy/dataplane.h"
#include "proxy/service_table.h"
#include "proxy/synced.h"

namespace nodal::proxy {

/// Figures of the loop, for /metrics.
struct SyncFigures {
  std::uint64_t syncs = 0, full_syncs = 0, failures = 0;
  std::chrono::microseconds last{0};
};

/// Waits until Services, slices and the node are known; before that the kernel keeps what an
/// earlier process left. A failed sync is tried again with backoff, and then in full.
class SyncLoop {
 public:
  /// Called after each good sync, on the loop's thread.
  using Follow = std::function<void(const Synced&)>;
  SyncLoop(ServiceTable& table, std::unique_ptr<Dataplane> dataplane, Follow follow = {});
  ~SyncLoop();
  SyncLoop(const SyncLoop&) = delete;
  SyncLoop& operator=(const SyncLoop&) = delete;

  // Thread-safe:
  void wake();                   ///< the table changed
  void set_node(NodeView node);  ///< the node changed (the first call opens the gate)
  void reload();                 ///< somebody changed our tables: load them anew
  void verify();  ///< somebody may have: look, and load them anew when they are not hooked
  [[nodiscard]] bool has_synced() const { return synced_; }
  [[nodiscard]] SyncFigures figures() const;
  [[nodiscard]] Result<std::string> dump();
  /// Calls `then` once, as soon as the kernel's tables hold no ready endpoint of that pod
  /// ("namespace/name"): at once when they hold none now. False from `wanted` drops the call.
  void when_drained(std::string pod, std::function<bool()> wanted, std::function<void()> then);

 private:
  struct Waiter {
    std::string pod;
    std::vector<std::string>
        services;  // that had it when the wait began: an ending pod joins no other
    std::function<bool()> wanted;
    std::function<void()> then;
  };
  Result<Again> sync();
  void tell_drained();

  ServiceTable& table_;
  std::unique_ptr<Dataplane> dataplane_;
  const Follow follow_;
  mutable std::mutex mutex_;
  std::optional<NodeView> node_;  // under mutex_
  SyncFigures figures_;           // under mutex_
  std::mutex dataplane_mutex_;    // the loop's thread against dump()
  bool adopted_ = false;          // the loop's thread
  Changes pending_;               // the loop's thread: what the kernel does not have yet
  // The loop's thread: of the last good sync, and what changed since then.
  std::optional<NodeView> synced_node_;
  std::map<std::string, ServicePtr> before_;
  std::vector<Waiter> waiters_;  // under dataplane_mutex_
  std::atomic<bool> reload_ = false, verify_ = false, synced_ = false;
  KeyedLoop loop_;  // last: ends first
};

}  // namespace nodal::proxy
