// nodectl/cluster/readiness.h — when a node counts as up. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "nodectl/cluster/parts.h"

namespace nodal::nodectl {

/// What is seen of a node while it starts.
struct NodeSigns {
  std::vector<PartState> parts;       ///< that the settings name; pid 0: does not run
  std::optional<TimePoint> reported;  ///< when the agent last renewed the node's lease
  std::optional<TimePoint> told;      ///< when the condition Ready was last written; whole seconds
  bool ready = false;                 ///< what it says, whoever wrote it
  std::string unready_because;        ///< the condition's message
  bool proxy_ready = false;           ///< it has programmed what there is
};

/// What is waited for, and of which part.
struct Missing {
  std::string part;
  std::string what;
  bool operator==(const Missing&) const = default;
};

/// Nothing when the node is up. Lease and condition count only when the agent that runs now has
/// written them: those of a stopped cluster are still there.
std::optional<Missing> missing_of(const NodeSigns& signs, TimePoint now);

/// The first part that has ended so often since `before` that waiting makes no sense.
std::optional<PartState> hopeless_part(const std::vector<PartState>& before,
                                       const std::vector<PartState>& now);

}  // namespace nodal::nodectl
