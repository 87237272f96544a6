// proxy/join.h — one Service and its EndpointSlices → one entry of the snapshot. Pure.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gen/core_v1.h"
#include "gen/discovery_v1.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy {

/// What is kept of a Service: an entry that lacks its endpoints.
struct ServiceRecord {
  std::string key;      ///< "namespace/name"
  std::string version;  ///< metadata.resourceVersion
  ServicePtr entry;     ///< never null
};

/// What is kept of an EndpointSlice.
struct SliceRecord {
  struct Port {
    std::string name;  ///< as the Service names it
    Protocol protocol = Protocol::tcp;
    std::uint16_t number = 0;
  };
  std::string key, version;
  std::string service;  ///< key of the Service it belongs to, "" when its label is missing
  std::vector<Port> ports;
  std::vector<Endpoint> endpoints;  ///< one for each address, which has no port here
};
using SliceRecordPtr = std::shared_ptr<const SliceRecord>;

template <class Record>
requires std::same_as<Record, ServiceRecord> || std::same_as<Record, SliceRecord>
const std::string& key_of(const Record& record) { return record.key; }
template <class Record>
requires std::same_as<Record, ServiceRecord> || std::same_as<Record, SliceRecord>
const std::string& version_of(const Record& record) { return record.version; }

/// A load balancer's address within the Services' ranges, or of a kind that no Service may point
/// at, is refused: it would take the place of others (SECURITY 2).
/// @source API reference of Service; KEP-2086, KEP-1860 (ipMode)
[[nodiscard]] ServiceRecord read(const core_v1::Service& service,
                                 const std::vector<net::Cidr>& service_cidrs);

/// Addresses that no Service may point at (loopback, link-local, multicast, unspecified) are
/// dropped (SECURITY 3). Absent conditions count as Kubernetes says: ready absent is true, serving
/// absent is ready, terminating absent is false.
/// @param node  this node's name
/// @source API reference of EndpointSlice; KEP-752, KEP-1672
[[nodiscard]] SliceRecord read(const discovery_v1::EndpointSlice& slice, std::string_view node);

/// What the dataplane and DNS need to know of one Service.
///
/// Endpoints of all slices are merged: one that two slices name counts once, the readier one wins.
[[nodiscard]] ServicePtr join(const ServiceRecord& service,
                              const std::vector<SliceRecordPtr>& slices);

}  // namespace nodal::proxy
