// agent/image/collector.cc — see collector.h.
#include "agent/image/collector.h"

#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

constexpr std::chrono::minutes kPeriod{5};

}  // namespace

ImageCollector::ImageCollector(ImagePolicy policy, Runtime& runtime,
                               const client::Mirror<core_v1::Pod>& pods, const Clock& clock,
                               Tell tell)
    : policy_(policy), runtime_(runtime), pods_(pods), clock_(clock), tell_(std::move(tell)) {
  thread_ = std::jthread([this](std::stop_token stop) {
    name_thread("image-gc");
    run(stop);
  });
}

ImageCollector::~ImageCollector() {
  thread_.request_stop();
  thread_.join();
}

void ImageCollector::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  bool failed = false;
  while (!stop.stop_requested()) {
    const auto done = look();
    if (!done) {
      log::warn("images cannot be cleaned up", {{"error", done.error().message}});
      // Once may be a runtime that starts.
      if (failed) tell_("ImageGCFailed", done.error().message);
    }
    failed = !done;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kPeriod, [] { return false; });
  }
}

Result<std::set<std::string>> ImageCollector::in_use() {
  if (!pods_.has_synced())
    return fail(Errc::unavailable, "the pods of this node are not known yet");
  auto out = NODAL_TRY(runtime_.images_in_use());
  const auto keep = [&](const auto& containers) -> Result<> {
    for (const auto& container : containers) {
      const auto image = runtime_.image(container.image);
      if (image) out.insert(image->id);
      // What is not there or has no such name is not in use; else nothing is known.
      if (!image && image.error().code != Errc::not_found && image.error().code != Errc::invalid)
        return std::unexpected(image.error());
    }
    return {};
  };
  for (const auto& pod : pods_.all()) {
    NODAL_TRY(keep(pod->spec.init_containers));
    NODAL_TRY(keep(pod->spec.containers));
    NODAL_TRY(keep(pod->spec.ephemeral_containers));
  }
  return out;
}

Result<> ImageCollector::look() {
  // The first look comes before the pods are known: it only says which images are old.
  const auto images = NODAL_TRY(runtime_.images());
  const auto now = clock_.now();
  if (!looked_) {
    uses_ = seen_images({}, images, {}, now, true);
    looked_ = true;
    return {};
  }
  const auto used = NODAL_TRY(in_use());
  uses_ = seen_images(std::move(uses_), images, used, now, false);
  const auto disk = NODAL_TRY(runtime_.image_disk());
  if (disk.size_bytes <= 0) {
    const auto message = text::cat("invalid capacity ", disk.size_bytes, " on image filesystem");
    tell_("InvalidDiskCapacity", message);
    return fail(Errc::internal, message);
  }
  const auto wanted = excess(policy_, disk.size_bytes, disk.free_bytes);
  if (wanted == 0) return {};
  std::int64_t freed = 0;
  Result<> first;
  for (const auto& image : removable(policy_, images, uses_, used, now)) {
    if (freed >= wanted) break;
    if (auto removed = runtime_.remove_image(image.id); !removed) {
      if (first) first = std::move(removed);
      continue;
    }
    log::info("removed an image that nobody uses: the disk is full",
              {{"image", image.tags.empty() ? image.id : image.tags.front()},
               {"bytes", image.size_bytes}});
    uses_.erase(image.id);
    freed += image.size_bytes;
  }
  if (!first)
    return fail(first.error().code,
                text::cat("wanted to free ", wanted, " bytes, but freed ", freed,
                          " bytes space with errors in image deletion: ", first.error().message));
  if (freed >= wanted) return {};
  const auto message =
      text::cat("Failed to garbage collect required amount of images. Attempted to free ", wanted,
                " bytes, but only found ", freed, " bytes eligible to free.");
  tell_("FreeDiskSpaceFailed", message);
  return fail(Errc::internal, message);
}

}  // namespace nodal::agent
