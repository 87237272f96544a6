// proxy/service_table.h — mirrors of Services and EndpointSlices → the snapshot, one changed
// Service at a time.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "api-client/client/mirror.h"
#include "base/loop/snapshot_cell.h"
#include "gen/core_v1.h"
#include "gen/discovery_v1.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy {

/// Notes which Services changed; on take() joins just those and publishes the new snapshot.
///
/// Thread-safe: changes come from the reflectors' threads, take() from the sync loop, reads of the
/// cell from anywhere.
class ServiceTable {
 public:
  /// @param node     this node's name
  /// @param changed  called after every change, once both mirrors have synced
  ServiceTable(std::string node, std::function<void()> changed);

  [[nodiscard]] client::Mirror<core_v1::Service>& services() { return services_; }
  [[nodiscard]] client::Mirror<discovery_v1::EndpointSlice>& slices() { return slices_; }
  /// What DNS and the dataplane read.
  [[nodiscard]] const SnapshotCell<ServiceSnapshot>& snapshot() const { return snapshot_; }

  /// True once both sets have been listed: before that, an absent Service means nothing.
  [[nodiscard]] bool has_synced() const { return services_.has_synced() && slices_.has_synced(); }
  /// Joins the Services noted since the last call, publishes, and says which entries now differ.
  Changes take();

 private:
  void note(std::string key);

  const std::string node_;
  const std::function<void()> changed_;
  client::Mirror<core_v1::Service> services_;
  client::Mirror<discovery_v1::EndpointSlice> slices_;
  SnapshotCell<ServiceSnapshot> snapshot_;
  std::mutex mutex_;
  std::set<std::string> noted_;  // under mutex_
};

}  // namespace nodal::proxy
