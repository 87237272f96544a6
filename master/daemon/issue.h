// master/daemon/issue.h — `nodal-master issue-node`: the keys with which one node's agent and proxy
// speak to this master.
#pragma once

#include "base/result.h"

namespace nodal::master {

/// Writes agent.kubeconfig, proxy.kubeconfig and pki/{ca.crt,agent.crt,agent.key} into --out. Keys
/// that are still good are kept. Exit code: 0, 2 for a wrong flag, 1 for everything else (said on
/// standard error).
int issue_node(int count, char** arguments);

}  // namespace nodal::master
