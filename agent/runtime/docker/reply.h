// agent/runtime/docker/reply.h — what the Docker Engine answers, as values. Pure; every parser has
// limits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtime/types.h"
#include "base/result.h"

namespace nodal::agent::docker {

/// GET /version.
struct EngineVersion {
  std::string version, api, min_api;
};
Result<EngineVersion> parse_version(std::string_view json);
/// The API version to speak: 1.41 when the engine knows it, else the nearest it does.
std::string negotiate(const EngineVersion& engine);

/// One line of GET /containers/json.
struct Summary {
  std::string id, state, image_id;
  std::map<std::string, std::string> labels;
  TimePoint created_at{};
};
Result<std::vector<Summary>> parse_summaries(std::string_view json);

/// GET /containers/{id}/json.
struct Details {
  std::string id, name, state, error, image_id;
  std::map<std::string, std::string> labels;
  TimePoint created_at{}, started_at{}, finished_at{};
  int exit_code = 0;
  std::int64_t pid = 0;
  bool running = false, oom_killed = false, tty = false, stdin_once = false;
  std::string network_mode, pid_mode, ipc_mode, cgroup_parent;
};
Result<Details> parse_details(std::string_view json);

/// GET /images/json and GET /images/{name}/json.
Result<std::vector<ImageInfo>> parse_images(std::string_view json);
Result<ImageInfo> parse_image(std::string_view json);
/// DockerRootDir of GET /info.
Result<std::string> parse_root_folder(std::string_view json);
/// Labels of an inspected image.
Result<std::map<std::string, std::string>> parse_image_labels(std::string_view json);

/// The Id of a create answer.
Result<std::string> parse_id(std::string_view json);
/// {"message": …} of an error answer; the text itself when it is something else, cut at 1 KiB.
std::string error_message(std::string_view body);

/// GET /exec/{id}/json.
struct ExecState {
  bool running = false;
  std::optional<int> exit_code;
  std::int64_t pid = 0;
};
Result<ExecState> parse_exec(std::string_view json);

/// GET /containers/{id}/stats, one shot.
struct Stats {
  std::uint64_t cpu_nanoseconds = 0, memory_bytes = 0;
};
Result<Stats> parse_stats(std::string_view json);

/// One line of GET /events.
struct EngineEvent {
  std::string type, action, id, pod_uid;
  bool ours = false;         ///< carries our labels
  std::int64_t time_ns = 0;  ///< since 1970, by the engine's clock
};
Result<EngineEvent> parse_event(std::string_view line);
/// The same as the engine reads it: seconds, a dot, nine digits.
[[nodiscard]] std::string engine_time(std::int64_t nanoseconds);

/// One line of a pull's progress: its error, or "".
Result<std::string> parse_progress(std::string_view line);

/// "2026-11-23T15:10:24.123456789Z" or with an offset; Go's zero time and nonsense give
/// TimePoint{}.
TimePoint parse_docker_time(std::string_view text);

/// Cuts a stream into lines (without their end).
class LineReader {
 public:
  explicit LineReader(std::size_t limit) : limit_(limit) {}
  /// @errors invalid when a line is longer than the limit; those of `line`
  Result<> feed(std::string_view bytes, const std::function<Result<>(std::string_view)>& line);
  /// A last line that had no end.
  [[nodiscard]] const std::string& rest() const { return rest_; }

 private:
  std::size_t limit_;
  std::string rest_;
};

/// Takes Docker's multiplexed stdout and stderr apart: frames of {stream, 0, 0, 0, length (big
/// endian)} and bytes. Holds no payload back, so a frame's length needs no bound.
/// @source Docker Engine API, "Attach to a container: stream format"
class FrameReader {
 public:
  enum class Source { out, error };
  /// Calls `sink` with payload. False once `sink` answered false.
  /// @errors invalid when a header is none
  Result<bool> feed(std::string_view bytes,
                    const std::function<bool(Source, std::string_view)>& sink);

 private:
  unsigned char header_[8] = {};
  std::size_t header_size_ = 0;
  std::uint32_t remaining_ = 0;
};

}  // namespace nodal::agent::docker
