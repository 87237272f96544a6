// nodectl/copy/archive.h — files to a tar stream and back; the only includer of libarchive. What
// is in memory at once is a block, whatever the files' sizes.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace nodal::nodectl {

/// One line for the user about something that is left out.
using CopyNotice = std::function<void(const std::string& line)>;

/// Writes `path` and what is below it as `name` into a tar stream. Links are written as links.
/// @param fd  where the stream goes; left open
/// @errors not_found; others by errno
Result<> pack(int fd, const std::string& path, const std::string& name, const CopyNotice& notice);

/// Reads a tar stream that a container has sent, and makes its files below `target`. What comes is
/// not trusted: no symbolic link is made, and nothing outside of `target`.
/// @param prefix  what the names in the stream begin with; it is left out
/// @param name  the file's own name, for a `target` that is a folder
/// @errors invalid: no tar stream, or names that were not asked for; others by errno
Result<> unpack(int fd, const std::string& prefix, const std::string& target,
                const std::string& name, const CopyNotice& notice);

}  // namespace nodal::nodectl
