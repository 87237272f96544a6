// nodectl/rollout/status.h — how far a rollout is, in words. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace nodal::nodectl {

struct Progress {
  std::string text;
  bool done = false;
};

/// @param revision  0: the newest
/// @errors timed_out when the progress deadline is over; invalid for a kind without rollouts
/// @source REQUIREMENTS of the API, section 15.1
Result<Progress> rollout_progress(const boost::json::value& object, std::int64_t revision);

}  // namespace nodal::nodectl
