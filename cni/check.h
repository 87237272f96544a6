// cni/check.h — whether a pod's link is still what ADD made. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/netlink/socket.h"
#include "cni/plan.h"
#include "cni/request.h"

namespace nodal::cni {

/// What the kernel has of an attachment.
struct SeenLinks {
  std::optional<netlink::Link> host, pod;
  std::vector<netlink::Address> host_addresses, pod_addresses;
  std::vector<netlink::Route> host_routes, pod_routes;
};

/// What is wrong; "" when all that ADD made is there, and all that prevResult says of the pod: its
/// interfaces and its routes, also those of other plugins.
[[nodiscard]] std::string find_fault(const Request& request, const Lease& lease,
                                     const SeenLinks& seen);

}  // namespace nodal::cni
