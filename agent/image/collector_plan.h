// agent/image/collector_plan.h — which images a full disk can do without. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/runtime/types.h"
#include "base/clock.h"

namespace nodal::agent {

/// @source KubeletConfiguration: imageGCHighThresholdPercent, imageGCLowThresholdPercent,
/// imageMinimumGCAge
struct ImagePolicy {
  int high_percent = 85;                ///< usage from which images go; 100: never
  int low_percent = 80;                 ///< usage down to which they go
  std::chrono::seconds least_age{120};  ///< of an image that goes, since it was first seen
};

/// When an image was first seen, and last used; the beginning of time when that was before us.
struct ImageUse {
  TimePoint first_seen{}, last_used{};
  bool operator==(const ImageUse&) const = default;
};
using ImageUses = std::map<std::string, ImageUse>;  ///< by image id

/// The uses after one more look.
/// @param first  whether it is the first look: what is there then is old
ImageUses seen_images(ImageUses before, const std::vector<ImageInfo>& images,
                      const std::set<std::string>& in_use, TimePoint now, bool first);

/// Bytes to free so that usage falls to the lower threshold; 0 below the higher one.
std::int64_t excess(const ImagePolicy& policy, std::int64_t disk_bytes, std::int64_t free_bytes);

/// What may go, least recently used first, then the longest known: nothing that is in use, pinned
/// or too young.
std::vector<ImageInfo> removable(const ImagePolicy& policy, const std::vector<ImageInfo>& images,
                                 const ImageUses& uses, const std::set<std::string>& in_use,
                                 TimePoint now);

}  // namespace nodal::agent
