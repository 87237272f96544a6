// nodectl/wait_for.h — one object, followed until it is as wanted.
#pragma once

#include <boost/json/value.hpp>
#include <functional>

#include "nodectl/duration.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {

/// What an object is now; null when it is not there.
using Seen = std::function<Result<bool>(const boost::json::value* object)>;

/// Calls `seen` with the object and then with each of its changes until it answers true.
/// @errors timed_out; whatever `seen` says
Result<> follow(Cluster& cluster, const Target& target, const Deadline& deadline, const Seen& seen);

/// @param uid  of what was deleted: another object of that name is not waited for
/// @errors timed_out
Result<> wait_until_gone(Cluster& cluster, const Target& target, const std::string& uid,
                         const Deadline& deadline);

}  // namespace nodal::nodectl
