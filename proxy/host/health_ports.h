// proxy/host/health_ports.h — healthCheckNodePorts: where load balancers ask whether this node has
// an endpoint of a Service.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/http/server.h"
#include "proxy/synced.h"

namespace nodal::proxy {

/// The port on which the Service wants to be asked; 0 none. Only load balancers that send to
/// endpoints of their node alone have one.
[[nodiscard]] std::uint16_t health_port(const ServiceEntry& service);

/// 200 when a ready endpoint is on this node, else 503; and how many there are. Pure.
/// @source KEP-27, "service LB source IP preservation"; kube-proxy's answer
[[nodiscard]] http::Response health_answer(const ServiceEntry& service);

/// One small server for each such Service. Thread: owned by the sync loop.
class HealthPorts {
 public:
  /// @param find  a Service by "namespace/name", as it is now; called from the servers' threads
  explicit HealthPorts(std::function<ServicePtr(const std::string& key)> find)
      : find_(std::move(find)) {}
  /// What could not be served before is tried again.
  void follow(const Synced& synced);

 private:
  struct Port {
    std::uint16_t number = 0;
    std::unique_ptr<http::Server> server;
  };
  std::function<ServicePtr(const std::string& key)> find_;
  std::map<std::string, Port> ports_;            // by Service
  std::map<std::string, std::uint16_t> failed_;  // by Service: another program has the port
};

}  // namespace nodal::proxy
