// nodectl/describe/describe.h — objects as pages for people, laid out as kubectl describe does.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace nodal::nodectl {

/// What a page tells besides the object; filled as its Describer asks.
struct Related {
  bool show_events = true;
  boost::json::array events;
  boost::json::array pods;          ///< chosen by the object's selector, or bound to the node
  boost::json::array replica_sets;  ///< that the Deployment controls
  boost::json::array slices;        ///< EndpointSlices of the namespace
  boost::json::array services;      ///< of the namespace
  boost::json::array secrets;       ///< of the namespace
  boost::json::value lease;         ///< of the node; null: none, then
  std::string lease_error;          ///< says why
  TimePoint now{};
};

/// How objects of a kind are described, and what must be looked up for it.
struct Describer {
  std::string_view group, kind;
  std::string (*render)(const boost::json::value& object, const Related& related);
  bool events = true, selected_pods = false, node_pods = false, replica_sets = false,
       slices = false, services = false, secrets = false, lease = false;
};

/// The kind's own, or the generic one. Renderers are pure.
const Describer& describer_of(std::string_view group, std::string_view kind);

std::string describe_pod(const boost::json::value& object, const Related& related);
std::string describe_deployment(const boost::json::value& object, const Related& related);
std::string describe_replica_set(const boost::json::value& object, const Related& related);
std::string describe_service(const boost::json::value& object, const Related& related);
std::string describe_node(const boost::json::value& object, const Related& related);
std::string describe_namespace(const boost::json::value& object, const Related& related);
std::string describe_config_map(const boost::json::value& object, const Related& related);
std::string describe_secret(const boost::json::value& object, const Related& related);
std::string describe_service_account(const boost::json::value& object, const Related& related);
std::string describe_endpoints(const boost::json::value& object, const Related& related);
std::string describe_endpoint_slice(const boost::json::value& object, const Related& related);
std::string describe_ingress(const boost::json::value& object, const Related& related);
std::string describe_ingress_class(const boost::json::value& object, const Related& related);
/// Every field by its name.
std::string describe_any(const boost::json::value& object, const Related& related);

}  // namespace nodal::nodectl
