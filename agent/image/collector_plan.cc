// agent/image/collector_plan.cc — see collector_plan.h.
#include "agent/image/collector_plan.h"

#include <algorithm>
#include <tuple>

namespace nodal::agent {

ImageUses seen_images(ImageUses before, const std::vector<ImageInfo>& images,
                      const std::set<std::string>& in_use, TimePoint now, bool first) {
  ImageUses out;
  for (const auto& image : images) {
    const auto known = before.find(image.id);
    auto use = known != before.end() ? known->second : ImageUse{first ? TimePoint{} : now, {}};
    if (in_use.contains(image.id)) use.last_used = now;
    out.insert_or_assign(image.id, use);
  }
  return out;
}

std::int64_t excess(const ImagePolicy& policy, std::int64_t disk_bytes, std::int64_t free_bytes) {
  if (disk_bytes <= 0 || policy.high_percent >= 100) return 0;
  free_bytes = std::clamp<std::int64_t>(free_bytes, 0, disk_bytes);
  // In hundredths first: a disk of exabytes does not overflow.
  const std::int64_t percent = disk_bytes / 100;
  if (free_bytes > percent * (100 - policy.high_percent)) return 0;
  return std::max<std::int64_t>(percent * (100 - policy.low_percent) - free_bytes, 0);
}

std::vector<ImageInfo> removable(const ImagePolicy& policy, const std::vector<ImageInfo>& images,
                                 const ImageUses& uses, const std::set<std::string>& in_use,
                                 TimePoint now) {
  std::vector<ImageInfo> out;
  for (const auto& image : images) {
    const auto use = uses.find(image.id);
    if (image.pinned || in_use.contains(image.id) || use == uses.end() ||
        now - use->second.first_seen < policy.least_age)
      continue;
    out.push_back(image);
  }
  std::ranges::sort(out, {}, [&](const ImageInfo& image) {
    const auto& use = uses.at(image.id);
    return std::tuple(use.last_used, use.first_seen, std::string_view(image.id));
  });
  return out;
}

}  // namespace nodal::agent
