// agent/node/network.h — the CNI configuration of this node.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::agent {

/// Writes FOLDER/10-nodal.conflist for the node's range of pod addresses, unless another plugin's
/// configuration is there. With our own plugin when it is installed, else with the reference
/// "bridge"; with "portmap" behind it, for host ports, when that and iptables are installed.
/// @param made  a file that notes the folders which had to be made for it
/// @return empty when pods can get addresses, else why not (for the node's Ready condition)
std::string ensure_network(const std::string& folder,
                           const std::vector<std::string>& plugin_folders,
                           const std::string& pod_cidr, const std::string& made);

/// Removes our configuration, the folders that were made for it when nothing else is in them, and
/// the chain of iptables that "portmap" leaves when it has mapped the last port.
/// @param made  as above
Result<> remove_network(const std::string& folder, const std::string& made);

/// Where the daemon notes them.
constexpr const char* kMadeFolders = "/var/lib/nodal/cni/made-folders";

/// What iptables must be told so that portmap's own chain goes; nothing while it has a rule, as it
/// then serves somebody. Pure.
/// @param rules  what `iptables -t nat -S` prints
std::vector<std::vector<std::string>> unused_port_chain(std::string_view rules);

}  // namespace nodal::agent
