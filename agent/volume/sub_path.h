// agent/volume/sub_path.h — a part of a volume for one mount, which the container cannot exchange
// for something else (CVE-2021-25741).
#pragma once

#include <string>

#include "base/handle.h"
#include "base/result.h"

namespace nodal::agent {

/// What is at `path` below the volume. Folders that are not there are made, with the owner, group
/// and mode of the one above. Every part must be a folder or file of the volume itself: a link
/// could lead out of it (SECURITY 40).
/// @param projected  the volume is a folder behind a link of our own; nothing is made in it
/// @errors invalid: the path leads elsewhere, or over a link; not_found, others by errno
Result<UniqueFd> open_below(const std::string& volume, const std::string& path, bool projected);

/// Mounts what the handle is on `target`, a file or folder that is made; what was mounted there
/// before goes. From here on nobody's rename or link changes what the runtime is given.
/// Privilege: CAP_SYS_ADMIN.
Result<> bind_on(const UniqueFd& what, const std::string& target);

/// Takes such a mount away, and what it was on. Absent is success.
Result<> unbind(const std::string& target);

}  // namespace nodal::agent
