// master/controllers/endpointslice/mirrored.h — Endpoints that somebody wrote by hand → the
// EndpointSlices that say the same. Pure.
#pragma once

#include "gen/core_v1.h"
#include "master/controllers/endpointslice/slices.h"

namespace nodal::master::controllers::endpointslice {

inline constexpr const char* kMirroredBy = "endpointslicemirroring-controller.k8s.io";

/// Whether the Endpoints of a Service are mirrored: the Service has no selector (else its slices
/// are made of pods), and the Endpoints do not say otherwise.
[[nodiscard]] bool is_mirrored(const core_v1::Service& service,
                               const core_v1::Endpoints& endpoints);

/// The slices of one Endpoints object; of each subset the first 1,000 addresses.
/// @param existing  the slices that were mirrored before
/// @source KEP-752, "EndpointSlice Mirroring"
[[nodiscard]] Plan mirror(const core_v1::Endpoints& endpoints,
                          const std::vector<SlicePtr>& existing);

}  // namespace nodal::master::controllers::endpointslice
