// agent/runtime/docker/image.cc — local images and pulls.
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "agent/runtime/docker/pause_image.h"
#include "agent/runtime/docker/runtime.h"
#include "base/http/message.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

/// A pull's failure by its words: registries answer in prose.
Errc pull_errc(std::string_view message) {
  const auto text = text::lower(message);
  const auto has = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (has("manifest unknown") || has("not found") || has("no such") || has("does not exist"))
    return Errc::not_found;
  if (has("unauthorized") || has("denied") || has("authentication required") ||
      has("no basic auth credentials"))
    return Errc::forbidden;
  if (has("invalid reference")) return Errc::invalid;
  return Errc::unavailable;
}

}  // namespace

Result<ImageInfo> DockerRuntime::image(std::string_view reference) {
  std::uint64_t epoch = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = images_.find(reference); it != images_.end()) return it->second;
    epoch = image_epoch_;
  }
  NODAL_TRY(split_reference(reference));
  const auto answer = engine_.call("GET", text::cat("/images/", reference, "/json"));
  if (!answer) return std::unexpected(answer.error());
  auto found = NODAL_TRY(parse_image(answer->text()));
  const std::lock_guard lock(mutex_);
  // Only what no event has overtaken, and no more than a node's worth.
  if (watching_ > 0 && epoch == image_epoch_ && images_.size() < 1000)
    images_.insert_or_assign(std::string(reference), found);
  return found;
}

Result<std::vector<ImageInfo>> DockerRuntime::images() {
  auto out = NODAL_TRY(parse_images(NODAL_TRY(engine_.call("GET", "/images/json")).text()));
  for (auto& image : out)
    image.pinned = std::ranges::find(image.tags, pause_reference()) != image.tags.end();
  return out;
}

Result<ImageInfo> DockerRuntime::pull_image(std::string_view reference, std::string_view auth,
                                            std::stop_token stop) {
  const auto [repository, tag] = NODAL_TRY(split_reference(reference));
  if (auth.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") !=
      std::string_view::npos)
    return fail(Errc::invalid, "the registry login is not base64");
  http::Headers headers;
  if (!auth.empty()) headers.set("X-Registry-Auth", auth);

  LineReader lines(1u << 20);
  std::string message;
  Result<> broken;
  const auto on_line = [&](std::string_view line) -> Result<> {
    if (auto error = NODAL_TRY(parse_progress(line)); !error.empty()) message = std::move(error);
    return {};
  };
  auto ended = engine_.stream(
      "POST",
      text::cat("/images/create?fromImage=", http::percent_encode(repository),
                "&tag=", http::percent_encode(tag)),
      {}, headers,
      [&](std::string_view bytes) {
        broken = lines.feed(bytes, on_line);
        return broken.has_value();
      },
      stop, std::chrono::minutes(10));
  if (!broken) return wrap(text::cat("pull ", reference), std::move(broken).error());
  if (stop.stop_requested())
    return fail(Errc::unavailable, text::cat("pull ", reference, ": stopped"));
  if (!ended) {
    auto error = std::move(ended).error();
    if (error.code == Errc::internal || error.code == Errc::not_found)
      error.code = pull_errc(error.message);
    return wrap(text::cat("pull ", reference), std::move(error));
  }
  if (!lines.rest().empty()) NODAL_TRY(on_line(lines.rest()));
  if (!message.empty())
    return fail(pull_errc(message), text::cat("pull ", reference, ": ", message));
  forget_images();
  return image(reference);
}

Result<std::set<std::string>> DockerRuntime::images_in_use() {
  std::set<std::string> out;
  for (const auto& each :
       NODAL_TRY(parse_summaries(NODAL_TRY(engine_.call("GET", "/containers/json?all=1")).text())))
    out.insert(each.image_id);
  return out;
}

Result<Runtime::Disk> DockerRuntime::image_disk() {
  const auto folder = NODAL_TRY(parse_root_folder(NODAL_TRY(engine_.call("GET", "/info")).text()));
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0)
    return wrap(text::cat("look at Docker's folder ", folder),
                fail_errno(errno, "statvfs").error());
  const auto unit = static_cast<std::int64_t>(disk.f_frsize);
  return Disk{static_cast<std::int64_t>(disk.f_blocks) * unit,
              static_cast<std::int64_t>(disk.f_bavail) * unit};
}

Result<> DockerRuntime::remove_image(std::string_view id) {
  NODAL_TRY(split_reference(id));
  // An image of several names does not go by its id: its names go first.
  const auto known = engine_.call("GET", text::cat("/images/", id, "/json"));
  if (!known) {
    if (known.error().code == Errc::not_found) return {};
    return std::unexpected(known.error());
  }
  const auto info = parse_image(known->text());
  if (info && info->tags.size() > 1)
    for (const auto& tag : info->tags)
      if (split_reference(tag))
        if (auto gone = engine_.call("DELETE", text::cat("/images/", tag));
            !gone && gone.error().code != Errc::not_found) {
          forget_images();
          return std::unexpected(gone.error());
        }
  const auto answer = engine_.call("DELETE", text::cat("/images/", id));
  forget_images();
  if (answer || answer.error().code == Errc::not_found) return {};
  return std::unexpected(answer.error());
}

}  // namespace nodal::agent::docker
