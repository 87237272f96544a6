// nodectl/cluster/addons.h — parts that a node may have beyond those that every one has.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "nodectl/cluster/layout.h"

namespace nodal::nodectl {

struct Addon {
  std::string name, what;
  std::string needs;    ///< a file of the host
  std::string package;  ///< which has it, and what goes with it
};

[[nodiscard]] const std::vector<Addon>& known_addons();

/// Takes away what an addon leaves running when its part has ended.
Result<> remove_addon(const Layout& layout, const std::string& name);

}  // namespace nodal::nodectl
