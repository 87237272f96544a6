// agent/node/lease.h — the node's heartbeat: a Lease, renewed on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api-client/client/client.h"
#include "base/clock.h"
#include "base/result.h"

namespace nodal::agent {

/// Nothing but the API server can hold it up: whoever waits for 40 s takes the node for lost.
/// Thread-safe.
class NodeLease {
 public:
  NodeLease(std::string node, std::shared_ptr<client::Client> client, const Clock& clock,
            std::chrono::milliseconds period = std::chrono::seconds(10));
  ~NodeLease();
  NodeLease(const NodeLease&) = delete;
  NodeLease& operator=(const NodeLease&) = delete;

  /// Makes it, for the Node of that uid, and renews it from now on.
  void hold(std::string node_uid);
  /// The Node is gone, and its lease with it.
  void release();

 private:
  void run(const std::stop_token& stop);
  Result<> renew(const std::string& node_uid);

  const std::string node_;
  const std::shared_ptr<client::Client> client_;
  const Clock& clock_;
  const std::chrono::milliseconds period_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string node_uid_;  // under mutex_; "": not held
  bool exists_ = false;   // the thread's
  std::jthread thread_;
};

}  // namespace nodal::agent
