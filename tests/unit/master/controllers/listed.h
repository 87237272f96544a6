// tests/unit/master/controllers/listed.h — mirrors that are fed by hand.
#pragma once

#include "master/controllers/mirrors.h"

namespace nodal::master::controllers {

/// Lists nothing for every kind that has not been listed: from now on the controllers work.
inline void list_the_rest(Mirrors& mirrors) {
  const auto list = [](auto&... all) {
    const auto one = [](auto& mirror) {
      if (!mirror.has_synced()) mirror.replace({});
    };
    (one(all), ...);
  };
  list(mirrors.pods, mirrors.services, mirrors.nodes, mirrors.namespaces, mirrors.service_accounts,
       mirrors.root_cas, mirrors.endpoints, mirrors.slices, mirrors.leases, mirrors.config_maps,
       mirrors.secrets, mirrors.replica_sets, mirrors.deployments, mirrors.ingresses,
       mirrors.ingress_classes);
}

}  // namespace nodal::master::controllers
