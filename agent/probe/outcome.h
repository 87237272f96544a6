// agent/probe/outcome.h — how one probe ended.
#pragma once

#include <string>

namespace nodal::agent {

/// One probe's outcome.
struct ProbeOutcome {
  bool success = false;
  std::string output;  ///< for the Unhealthy event: what was wrong
  bool operator==(const ProbeOutcome&) const = default;
};

}  // namespace nodal::agent
