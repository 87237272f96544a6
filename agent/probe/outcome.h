// agent/probe/outcome.h — how one probe ended.
#pragma once

#include <string>

namespace nodal::agent {

/// One probe's outcome.
struct ProbeOutcome {
  bool success = false;
  std::string output;    ///< for the Unhealthy or ProbeWarning event: what was wrong
  bool warning = false;  ///< it succeeded, in a way that its owner should hear of
  bool unknown = false;  ///< it could not be made: says nothing of the container
  bool operator==(const ProbeOutcome&) const = default;
};

}  // namespace nodal::agent
