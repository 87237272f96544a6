// base/file.h — whole files: read, replace atomically, lock.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/handle.h"
#include "base/result.h"

namespace nodal::file {

/// The whole file.
/// @errors not_found; invalid when larger than `limit` bytes; others by errno.
Result<std::string> read(const std::string& path, std::size_t limit = 64u << 20);

/// Replaces the file: a temporary one in the same folder, fsync, rename, fsync of the folder. A
/// reader sees the old bytes or the new, also after a crash.
Result<> write(const std::string& path, std::string_view bytes, mode_t mode = 0644);

/// mkdir -p.
Result<> make_folders(const std::string& path, mode_t mode = 0755);
bool exists(const std::string& path);
/// Removes a file; absent is success.
Result<> remove(const std::string& path);
/// Removes a folder and what is below it, never crossing a mount or following a link; absent is
/// success.
Result<> remove_all(const std::string& path);
/// Names in a folder, sorted, without "." and "..".
Result<std::vector<std::string>> list(const std::string& path);

/// An exclusive flock on `path` (created when absent), held until the handle dies.
/// @errors unavailable when somebody else still holds it after `wait`.
Result<UniqueFd> lock(const std::string& path, std::chrono::milliseconds wait);

}  // namespace nodal::file
