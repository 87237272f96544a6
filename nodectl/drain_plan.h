// nodectl/drain_plan.h — which pods leave a node that is drained, and what speaks against it. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct DrainRules {
  bool ignore_daemon_sets = false, delete_empty_dirs = false, force = false;
};

struct DrainPlan {
  boost::json::array pods;  ///< that leave
  std::string warnings;     ///< "" for none
};

/// @param pods  those of the node
/// @errors invalid: pods that only a flag lets go, with the flag and the pods
Result<DrainPlan> plan_drain(const boost::json::array& pods, const DrainRules& rules);

}  // namespace nodal::nodectl
