// base/net/pod_addresses.h — which pod has an address of this node: a folder with a link for each
// address, made by the agent and read by the proxy.
#pragma once

#include <string>
#include <string_view>

#include "base/net/address.h"
#include "base/result.h"

namespace nodal::net {

/// A link ADDRESS → NAMESPACE/SANDBOX that leads nowhere: made, replaced and read in one call each,
/// and never half written. The folder lives below /run: what stands in it is of this boot.
/// Thread-safe, also between processes.
class PodAddresses {
 public:
  explicit PodAddresses(std::string folder) : folder_(std::move(folder)) {}

  Result<> put(const IpAddress& address, std::string_view pod_namespace, std::string_view sandbox);
  /// Does nothing when another sandbox has the address by now.
  void remove(const IpAddress& address, std::string_view sandbox);
  /// "" when no pod of this node is known to have it.
  [[nodiscard]] std::string namespace_of(const IpAddress& address) const;

 private:
  [[nodiscard]] std::string path(const IpAddress& address) const;
  std::string folder_;
};

}  // namespace nodal::net
