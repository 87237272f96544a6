// agent/pod/drain_gate.h — asks this node's proxy when new connections no longer reach a pod.
#pragma once

#include <chrono>
#include <string>

namespace nodal::agent {

/// Thread-safe.
class DrainGate {
 public:
  /// @param socket  the proxy's local socket (unix path); "" when there is no such proxy
  explicit DrainGate(std::string socket) : socket_(std::move(socket)) {}

  /// Returns when no Service of this node's dataplane sends to the pod as a ready endpoint, when
  /// there is no proxy to ask, or after `longest`.
  void wait(const std::string& ns, const std::string& pod, std::chrono::milliseconds longest) const;

 private:
  const std::string socket_;
};

}  // namespace nodal::agent
