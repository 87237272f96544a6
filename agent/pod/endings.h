// agent/pod/endings.h — ends containers: preStop hook, signal, grace. Each ending takes its whole
// time and holds up nothing else.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "agent/pod/drain_gate.h"
#include "agent/pod/plan.h"
#include "agent/pod/record.h"
#include "agent/runtime/runtime.h"
#include "base/loop/pool.h"

namespace nodal::agent {

/// @source LifecycleHandler.tcpSocket (API reference): hooks fail at runtime when it is given
inline constexpr const char* kNoTcpHook =
    "tcpSocket is no handler of a lifecycle hook; use exec, httpGet or sleep";

/// Thread-safe.
class Endings {
 public:
  /// @param ended  called with the pod's key when a container has ended, or could not be ended
  Endings(Runtime& runtime, const DrainGate& gate, Record record,
          std::function<void(const std::string& key, const Result<>& outcome)> ended);

  /// Begins to end that container; nothing new when that is under way already with no longer grace.
  /// @param key   handed to `ended`
  /// @param serves  new connections may reach the pod: SIGTERM waits, for a bounded time, until its
  /// endpoints are
  ///                out of this node's dataplane
  void begin(const std::string& key, const core_v1::Pod& pod, const KillContainer& kill,
             bool serves);

 private:
  Result<> end(const core_v1::Pod& pod, const KillContainer& kill, bool serves);
  void pre_stop(const core_v1::Pod& pod, const core_v1::Container& container,
                const KillContainer& kill);

  Runtime& runtime_;
  const DrainGate& gate_;
  const Record record_;
  const std::function<void(const std::string&, const Result<>&)> ended_;
  std::mutex mutex_;
  std::map<std::string, std::chrono::seconds> grace_;  // of those under way, by container id
  Pool pool_;                                          // last: its jobs use the rest
};

}  // namespace nodal::agent
