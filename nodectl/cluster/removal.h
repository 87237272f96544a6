// nodectl/cluster/removal.h — takes away what a cluster leaves on a host.
#pragma once

#include <optional>

#include "base/result.h"
#include "nodectl/cluster/layout.h"
#include "nodectl/progress.h"

namespace nodal::nodectl {

/// Removes the pods with their networks, links, the tables, addresses, routes, mounts, state.
/// Everything that is there is tried; the first error is told. While pods may be left, what the
/// next try needs to know of them stays.
/// @param settings  none: no cluster is known here
/// @errors unavailable: Docker does not answer, so that its containers stay
Result<> clean(const Layout& layout, const std::optional<Settings>& settings, Progress& progress);

}  // namespace nodal::nodectl
