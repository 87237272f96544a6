// master/controllers/endpointslice/slices.h — how endpoints are spread over EndpointSlices. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gen/discovery_v1.h"

namespace nodal::master::controllers::endpointslice {

using SlicePtr = std::shared_ptr<const discovery_v1::EndpointSlice>;
using Ports = std::vector<discovery_v1::EndpointPort>;

inline constexpr std::size_t kMostPerSlice = 100;
inline constexpr const char* kServiceName = "kubernetes.io/service-name";
/// Marks Endpoints that are no Service's: a lock of a leader election.
inline constexpr const char* kLeader = "control-plane.alpha.kubernetes.io/leader";
inline constexpr const char* kManager = "endpointslice.kubernetes.io/managed-by";

struct Plan {
  std::vector<discovery_v1::EndpointSlice> create;
  /// A slice as it is and as it should be.
  std::vector<std::pair<SlicePtr, discovery_v1::EndpointSlice>> change;
  std::vector<SlicePtr> remove;
};

/// All endpoints of one address family that have the same ports: they may share a slice.
struct Group {
  std::string address_type;
  Ports ports;
  std::map<std::string, discovery_v1::Endpoint> endpoints;  ///< by address
};
using Groups = std::map<std::string, Group>;

/// Text that equal port lists share.
[[nodiscard]] std::string ports_key(const Ports& ports);

/// Puts an endpoint into its group.
void add(Groups& groups, std::string_view address_type, const Ports& ports,
         const std::string& address, discovery_v1::Endpoint endpoint);

/// Endpoints stay in the slice they are in, new ones fill what has room: what comes or goes changes
/// one slice. Without any endpoint one empty slice stays, so that watchers can tell "none" from
/// "not yet".
/// @param existing  the slices that were made before by the same hand
/// @param pattern   a new slice but for its endpoints and ports; its metadata.labels are given to
///                  those that exist as well, its addressType to the empty one
[[nodiscard]] Plan fit(Groups groups, const std::vector<SlicePtr>& existing,
                       const discovery_v1::EndpointSlice& pattern);

}  // namespace nodal::master::controllers::endpointslice
