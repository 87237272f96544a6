// nodectl/forwarding.h — what port-forward is told: which ports of a pod, and where they are here.
// Pure.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct ForwardedPort {
  std::uint16_t local = 0;   ///< 0: any
  std::uint16_t remote = 0;  ///< of the pod
};

/// LOCAL:REMOTE, :REMOTE (any local port) or PORT (the same here). The remote one is a number or a
/// name, of the pod or, when there is a Service, of that.
/// @param service  null for none
/// @errors invalid: what it is not, or who has no such port
Result<ForwardedPort> forwarded_port(const std::string& text, const boost::json::value& pod,
                                     const boost::json::value& service);

struct LocalAddress {
  std::string ip;
  bool of_name = false;  ///< of "localhost": one of both families is enough
  bool operator==(const LocalAddress&) const = default;
};
/// Of --address, which may be given again and be a list: IPs and "localhost".
/// @errors invalid
Result<std::vector<LocalAddress>> local_addresses(const std::vector<std::string>& given);

}  // namespace nodal::nodectl
