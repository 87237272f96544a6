// master/daemon/controllers.h — starts the controllers (and the scheduler) over the in-process
// transport.
#pragma once

#include <memory>
#include <string>

#include "api-client/client/transport.h"
#include "base/clock.h"
#include "base/net/address.h"
#include "master/api/api.h"

namespace nodal::master {

/// What the controllers know of this cluster.
struct ClusterFacts {
  net::Cidr cluster_cidr;        ///< of all pods
  std::string ca_pem;            ///< that signed the API server's certificate
  net::IpAddress service_ip;     ///< of the `kubernetes` Service
  net::SocketAddress served_at;  ///< where it leads
};

/// Runs until stop() or destroyed. The API and `own` must outlive it.
class Controllers {
 public:
  /// @param own  the master's own access to the API
  Controllers(Api& api, client::Transport& own, ClusterFacts facts, const Clock& clock);
  ~Controllers();
  Controllers(const Controllers&) = delete;
  Controllers& operator=(const Controllers&) = delete;
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal::master
