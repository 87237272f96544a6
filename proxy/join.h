// proxy/join.h — one Service and its EndpointSlices → one entry of the snapshot. Pure.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gen/core_v1.h"
#include "gen/discovery_v1.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy {

/// The key of the Service a slice belongs to ("namespace/name"), or "" when its label is missing.
std::string service_of(const discovery_v1::EndpointSlice& slice);

/// What the dataplane and DNS need to know of one Service. Null when the proxy leaves the Service
/// alone (label service.kubernetes.io/service-proxy-name).
///
/// Endpoints of all slices are merged: one that two slices name counts once, the readier one wins.
/// Addresses that no Service may point at (loopback, link-local, multicast, unspecified) are
/// dropped (SECURITY 3). Absent conditions count as Kubernetes says: ready absent is true, serving
/// absent is ready, terminating absent is false.
/// @source API reference of EndpointSlice; KEP-752, KEP-1672
ServicePtr join(const core_v1::Service& service,
                const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& slices,
                std::string_view node);

}  // namespace nodal::proxy
