// master/daemon/parts.h — what the API asks of the rest of the master: identities, rules,
// addresses, tokens, agents.
#pragma once

#include "base/log.h"
#include "master/api/api.h"
#include "master/auth/authenticate.h"
#include "master/auth/authorize.h"
#include "master/auth/keys.h"
#include "master/auth/tokens.h"
#include "master/registry/allocate/services.h"

namespace nodal::master {

/// Everything that the parts stand on; outlives the API.
struct Foundation {
  KvStore& kv;
  const Clock& clock;
  const Authenticator& authenticator;
  const NodeFacts& facts;
  const Tokens& tokens;
  ServiceAllocator& services;
  std::string ca_pem;
  log::RotatedFile* audit = nullptr;  ///< null: no audit log
  const Keys& keys;                   ///< what the master shows to agents
};

ApiParts make_parts(const Foundation& foundation);

/// Reads of the cluster for rules that need them.
NodeFacts node_facts(KvStore& kv);
Authenticator::StillBound still_bound(KvStore& kv);

/// Takes the addresses of the stored Services.
Result<> restore_services(KvStore& kv, ServiceAllocator& services);

}  // namespace nodal::master
