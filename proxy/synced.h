// proxy/synced.h — what a good sync brought, for what follows it on the host.
#pragma once

#include <map>
#include <string>

#include "proxy/dataplane.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy {

struct Synced {
  const ServiceSnapshot& services;  ///< as programmed now
  const NodeView& node;
  /// The Services that changed, as they were; null: new. All of them after the first sync.
  const std::map<std::string, ServicePtr>& before;
  bool everything;  ///< all was loaded anew, or the node changed
};

}  // namespace nodal::proxy
