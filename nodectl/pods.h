// nodectl/pods.h — the pods that an argument means.
#pragma once

#include <boost/json/array.hpp>
#include <string>

#include "base/result.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {

/// The pod of that name, or those of what makes pods: "web", "pod/web", "deployment/web".
/// @param all  else the first of several is taken, and that is said
/// @errors not_found; invalid for a kind that has no pods
Result<boost::json::array> pods_named(Session& session, const std::string& argument, bool all);

/// The pods that a label selector chooses.
Result<boost::json::array> pods_selected(Session& session, const std::string& selector);

}  // namespace nodal::nodectl
