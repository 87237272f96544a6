// master/scheduler/scheduler.h — finds a node for every pod that has none: mirrors feed a snapshot,
// schedule() decides, writers bind.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "api-client/client/client.h"
#include "api-client/client/events.h"
#include "api-client/client/mirror.h"
#include "base/clock.h"
#include "base/loop/keyed_loop.h"
#include "gen/core_v1.h"
#include "master/scheduler/snapshot.h"

namespace nodal::master::scheduler {

/// One decision after another on one thread, by priority and age; a decided pod counts on its node
/// at once, and its Binding is written by others meanwhile, so that a slow disk delays no decision.
/// A pod that fits nowhere gets a FailedScheduling event and condition, and is looked at again when
/// something that matters changes: a node, or a pod that leaves; else after five minutes, so that
/// its event lives as long as it waits.
class Scheduler {
 public:
  struct Parts {
    std::shared_ptr<client::Client> client;
    client::EventRecorder& events;
    client::Mirror<core_v1::Pod>& pods;
    client::Mirror<core_v1::Node>& nodes;
    const Clock& clock;
  };
  /// Subscribes to the mirrors: construct before they are fed, stop feeding them before
  /// destruction.
  explicit Scheduler(Parts parts);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

 private:
  enum class Stage { queued, binding, parked };
  struct Pending {
    std::shared_ptr<const core_v1::Pod> pod;
    Stage stage = Stage::queued;
    std::uint64_t sequence = 0;  ///< arrival
    int attempts = 0;
    TimePoint not_before{};        ///< parked: no attempt before
    std::optional<TimePoint> due;  ///< parked: its time in due_
    std::string node;              ///< binding: where to
    std::string message;           ///< parked: why
    bool told = false;             ///< parked: the reason was written
  };
  using Turn = std::tuple<std::int64_t, std::uint64_t, std::string>;  // -priority, arrival, key

  void pod_changed(const client::Change<core_v1::Pod>& change);
  void node_changed(const client::Change<core_v1::Node>& change);
  Result<Again> decide();
  Result<Again> write(const std::string& key);
  Result<> bind(const std::string& key, const Pending& pending);
  Result<> tell(const core_v1::Pod& pod, const std::string& reason, const std::string& message);

  // Under the lock:
  void queue(const std::string& key, Pending& pending);
  void forget(std::string_view key);
  void park(const std::string& key, Pending& pending, std::string message, bool waits_for_change);
  void set_due(const std::string& key, Pending& pending, std::optional<TimePoint> at);
  void retry_parked();

  const Parts parts_;
  std::mutex mutex_;
  ClusterSnapshot cluster_;
  std::map<std::string, Pending, std::less<>> pending_;
  std::set<Turn> turns_;
  std::set<std::pair<TimePoint, std::string>> due_;  ///< parked pods by their next attempt
  std::uint64_t sequence_ = 0;
  KeyedLoop writers_;
  KeyedLoop decisions_;
};

}  // namespace nodal::master::scheduler
