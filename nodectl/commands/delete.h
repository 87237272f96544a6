// nodectl/commands/delete.h — what `delete` is about: objects, or the cluster of this node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {

enum class Deletion : std::uint8_t { objects, cluster };

/// The cluster only when nothing is said that could have been meant for objects: a script whose
/// variable of names is empty must not end with the cluster gone. Pure.
/// @param flags  long names of those on the line
/// @errors invalid: flags, and no object
Result<Deletion> what_to_delete(const Selection& selection, const std::vector<std::string>& flags);

}  // namespace nodal::nodectl
