// agent/node/network.h — the CNI configuration of this node.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::agent {

/// Writes FOLDER/10-nodal.conflist for the node's range of pod addresses, unless another plugin's
/// configuration is there. With our own plugin when it is installed, else with the reference
/// "bridge"; with "portmap" behind it, for host ports, when that and iptables are installed.
/// @return empty when pods can get addresses, else why not (for the node's Ready condition)
std::string ensure_network(const std::string& folder,
                           const std::vector<std::string>& plugin_folders,
                           const std::string& pod_cidr);

}  // namespace nodal::agent
