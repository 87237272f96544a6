// agent/node/registrar.h — this node's Node object and lease: registered, kept true, renewed.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/node/capacity.h"
#include "agent/node/lease.h"
#include "agent/runtime/runtime.h"
#include "api-client/client/client.h"
#include "api-client/client/events.h"
#include "base/clock.h"

namespace nodal::agent {

struct NodeOptions {
  std::string name, ip, root_folder;
  int agent_port = 10250;
  int max_pods = 110;
  std::map<std::string, std::string> labels;
};

/// The Node to create, and the status it should have now. Pure.
core_v1::Node make_node(const NodeOptions& options, const core_v1::NodeSystemInfo& info);
/// @param runtime_error  empty: the runtime answers
/// @param network_error  empty: pods can get addresses
core_v1::NodeStatus node_status(const core_v1::Node& node, const NodeOptions& options,
                                const Capacity& capacity, const core_v1::NodeSystemInfo& info,
                                const std::vector<ImageInfo>& images,
                                const std::string& runtime_version,
                                const std::string& runtime_error, const std::string& network_error,
                                TimePoint now);

/// What the node has to tell: conditions that turned, a new boot, scheduling that was switched.
/// Pure.
/// @param node     as it is stored
/// @param cordoned whether it was last seen unschedulable
/// @source the events of kubelet
struct NodeEvent {
  client::EventType type = client::EventType::normal;
  std::string reason, message;
  bool operator==(const NodeEvent&) const = default;
};
std::vector<NodeEvent> node_events(const core_v1::Node& node, const core_v1::NodeStatus& after,
                                   bool cordoned);

/// Registers at once and again until it succeeds; holds the node's lease; writes the status when it
/// changes, and every five minutes. One thread, and the lease's: a runtime that hangs makes the
/// status late, not the node unknown.
class Registrar {
 public:
  /// @param network  looks at (and may write) the network's configuration: empty when pods can get
  /// addresses, else why not
  Registrar(NodeOptions options, std::shared_ptr<client::Client> client, Runtime& runtime,
            const Clock& clock, client::EventRecorder& events,
            std::function<std::string(const core_v1::Node&)> network);
  ~Registrar();
  /// Look at the status now: something of it may have changed.
  void wake();

 private:
  void run(const std::stop_token& stop);
  Result<> register_node();
  Result<> update_status(bool force);
  void tell(const NodeEvent& event);

  const NodeOptions options_;
  const std::shared_ptr<client::Client> client_;
  Runtime& runtime_;
  const Clock& clock_;
  client::EventRecorder& events_;
  const std::function<std::string(const core_v1::Node&)> network_;
  const core_v1::NodeSystemInfo info_;
  bool told_start_ = false, cordoned_ = false;
  TimePoint reported_{};
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;  // under mutex_
  NodeLease lease_;
  std::jthread thread_;
};

}  // namespace nodal::agent
