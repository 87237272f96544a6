// agent/volume/projected.h — a folder of files that change all at once: ConfigMaps, Secrets,
// tokens, the downward API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace nodal::agent {

/// One file of a projected volume.
struct ProjectedFile {
  std::string path;  ///< below the volume, clean
  std::string bytes;
  std::int32_t mode = 0644;
  std::optional<std::int64_t> owner = std::nullopt;  ///< a user; else root
  std::optional<TimePoint> made = std::nullopt;      ///< its file's time; else now
  bool operator==(const ProjectedFile&) const = default;
};

/// Takes files to a folder so that a reader sees all of the old ones or all of the new: a fresh
/// folder, then one rename of the link "..data". Nothing is written when they are the same already.
/// @param group  the pod's fsGroup: it owns the files and may read them whatever their mode says
Result<> write_atomically(const std::string& folder, const std::vector<ProjectedFile>& files,
                          std::optional<std::int64_t> group = {});

/// Refuses absolute paths, "..", and empty parts. @errors invalid
Result<> check_relative(std::string_view path);

}  // namespace nodal::agent
