// proxy/service_table.h — records of Services and EndpointSlices → the snapshot, one changed
// Service at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "api-client/client/mirror.h"
#include "base/loop/snapshot_cell.h"
#include "proxy/join.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy {

/// Notes which Services changed; on take() joins just those and publishes the new snapshot.
///
/// Thread-safe: changes come from the reflectors' threads, take() from the sync loop, reads of the
/// cell from anywhere.
class ServiceTable {
 public:
  /// @param changed  called after every change, once both mirrors have synced
  explicit ServiceTable(std::function<void()> changed);

  [[nodiscard]] client::Mirror<ServiceRecord>& services() { return services_; }
  [[nodiscard]] client::Mirror<SliceRecord>& slices() { return slices_; }
  /// What DNS and the dataplane read.
  [[nodiscard]] const SnapshotCell<ServiceSnapshot>& snapshot() const { return snapshot_; }

  /// True once both sets have been listed and all of it noted: before that, an absent Service means
  /// nothing.
  [[nodiscard]] bool has_synced() const { return services_listed_ && slices_listed_; }
  /// Joins the Services noted since the last call, publishes, and says which entries now differ.
  Changes take();

 private:
  void note(std::string key);

  const std::function<void()> changed_;
  client::Mirror<ServiceRecord> services_;
  client::Mirror<SliceRecord> slices_;
  std::atomic<bool> services_listed_ = false, slices_listed_ = false;
  SnapshotCell<ServiceSnapshot> snapshot_;
  std::mutex mutex_;
  std::set<std::string> noted_;  // under mutex_
};

}  // namespace nodal::proxy
