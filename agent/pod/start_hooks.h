// agent/pod/start_hooks.h — postStart hooks: each takes its whole time and holds up nothing but
// what starts after its container.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/pod/record.h"
#include "agent/runtime/runtime.h"
#include "base/loop/pool.h"

namespace nodal::agent {

/// Thread-safe.
class StartHooks {
 public:
  struct Order {
    std::string key;  ///< of the pod, handed to the callbacks
    core_v1::Pod pod;
    core_v1::Container container;
    std::string id;  ///< of the container
    std::string ip;
  };
  /// @param ended  a hook has done its work, or has failed: the pod is to be looked at
  StartHooks(Runtime& runtime, Record record, std::function<void(const std::string& key)> ended);
  ~StartHooks();

  void begin(Order order);
  /// The containers of a pod whose hooks have not done their work.
  [[nodiscard]] std::set<std::string> under_way(const std::string& pod_uid) const;
  /// Of these, the containers whose hooks have failed: they are to be ended.
  [[nodiscard]] std::set<std::string> failed(const std::string& pod_uid) const;
  /// Forgets every container of the pod but these; nothing is told of their hooks any more.
  void keep_only(const std::string& pod_uid, const std::vector<std::string>& container_ids);

 private:
  struct Hook {
    std::string pod_uid;
    std::stop_source stop;
    bool failed = false;
  };
  void run(const Order& order, const std::stop_token& stop);
  void fail_hook(const Order& order, std::string_view why);
  [[nodiscard]] std::set<std::string> ids_of(const std::string& pod_uid, bool failed_only) const;
  /// Why it failed; nothing when it has done its work.
  std::optional<std::string> outcome(const Order& order, const std::stop_token& stop);

  Runtime& runtime_;
  const Record record_;
  const std::function<void(const std::string&)> ended_;
  mutable std::mutex mutex_;
  std::map<std::string, Hook> hooks_;  // by container id; under mutex_
  Pool pool_;                          // last: its jobs use the rest
};

}  // namespace nodal::agent
