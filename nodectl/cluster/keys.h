// nodectl/cluster/keys.h — the keys of the node's parts, which the master signs.
#pragma once

#include "base/result.h"
#include "nodectl/cluster/layout.h"

namespace nodal::nodectl {

/// Has the master's program sign what is not there or soon runs out (`nodal-master issue-node`);
/// whatever is good stays. The parts take what is new without a restart.
/// @errors internal: it failed, with what it said
Result<> issue_keys(const Layout& where, const Settings& settings);

}  // namespace nodal::nodectl
