// master/controllers/endpointslice/plan.h — a Service and its pods → the EndpointSlices and
// Endpoints it should have. Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gen/core_v1.h"
#include "gen/discovery_v1.h"
#include "master/controllers/endpointslice/slices.h"

namespace nodal::master::controllers::endpointslice {

using PodPtr = std::shared_ptr<const core_v1::Pod>;
inline constexpr const char* kManagedBy = "endpointslice-controller.k8s.io";

/// The slices of one Service. Endpoints stay in the slice they are in, so that a pod that comes or
/// goes changes one slice; pods whose named target ports have different numbers stand in different
/// slices, those that have none of the ports in one without ports: a headless Service's name leads
/// to them as well.
/// @param pods      the pods that the Service selects
/// @param existing  the slices that this controller made for the Service
/// @param zone_of   the zone of a node, or ""
/// @source KEP-752; conditions by KEP-1672: a terminating pod is never ready, and serves while it
/// passes its probes
[[nodiscard]] Plan plan(const core_v1::Service& service, const std::vector<PodPtr>& pods,
                        const std::vector<SlicePtr>& existing,
                        const std::function<std::string(const std::string& node)>& zone_of);

/// The target ports that a Service names and that none of its pods has, while there are pods that
/// could serve.
[[nodiscard]] std::vector<std::string> unserved_ports(const core_v1::Service& service,
                                                      const std::vector<PodPtr>& pods);

/// The same as the older Endpoints object (at most 1,000 addresses).
[[nodiscard]] core_v1::Endpoints endpoints(const core_v1::Service& service,
                                           const std::vector<PodPtr>& pods);

}  // namespace nodal::master::controllers::endpointslice
