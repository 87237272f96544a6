// nodectl/cluster/user_kubeconfig.h — the entries of this node's cluster in a person's kubeconfig.
#pragma once

#include <string>

#include "base/result.h"
#include "nodectl/cluster/layout.h"

namespace nodal::nodectl {

/// Of the cluster, the user and the context.
inline constexpr const char* kContext = "nodal";

/// The first file of $KUBECONFIG, or ~/.kube/config.
std::string user_kubeconfig();

/// Puts the entries in, or in the place of older ones, and makes the context the current one; the
/// rest stays. The keys are named by their files, which the master renews.
/// @errors invalid when the file is no kubeconfig
Result<> join_user_kubeconfig(const Layout& where);
/// Takes them out; a file that holds nothing else goes.
Result<> leave_user_kubeconfig();

}  // namespace nodal::nodectl
