// nodectl/copy/paths.h — what `cp` is told to copy, and where what comes from a container may land.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::nodectl {

/// "file", "pod:file" or "namespace/pod:file".
struct CopyPlace {
  std::string ns, pod, file;
  [[nodiscard]] bool remote() const { return !pod.empty(); }
};
/// @errors invalid
Result<CopyPlace> parse_place(std::string_view text);

/// Without "." and "x/.." inside and slashes at the end; "." for nothing.
std::string clean_path(std::string_view path);
/// "/a/b" → "/a"; "b" → ".".
std::string folder_of(std::string_view path);
/// "/a/b/" → "b".
std::string last_of(std::string_view path);
std::string joined_path(std::string_view folder, std::string_view more);

/// What the names in an archive of `file` begin with: tar leaves out the slashes and "../" before
/// it.
std::string prefix_in_archive(std::string_view file);

/// The part of an archive's name after the prefix: "" for the file itself, else without a leading
/// slash, not cleaned. Nothing: the archive holds something else than was asked for.
std::optional<std::string> after_prefix(std::string_view name, std::string_view prefix);

/// Where that part goes below `target`; nothing when it would lie outside of it.
std::optional<std::string> landing(std::string_view target, std::string_view rest);

}  // namespace nodal::nodectl
