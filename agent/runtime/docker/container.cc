// agent/runtime/docker/container.cc — one container: start, stop, remove, logs, usage.
#include <sys/stat.h>

#include "agent/runtime/docker/runtime.h"
#include "agent/runtime/docker/seen.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view w) { return text.find(w) != std::string_view::npos; });
}

/// Why a start failed: the container's own fault is `invalid`, whatever status the engine chose for
/// it.
Error start_error(Error error) {
  if (error.code == Errc::internal &&
      mentions(error.message, {"OCI runtime", "runtime create failed", "failed to create shim",
                               "executable file not found", "error mounting", "invalid mount"}))
    error.code = Errc::invalid;
  return error;
}

}  // namespace

Result<std::string> DockerRuntime::start_container(std::string_view sandbox,
                                                   const ContainerConfig& config) {
  // The sandbox's modes cannot change while it lives.
  const auto home = NODAL_TRY(details(sandbox, "running"));
  const auto share = label(home.labels, kSharePidLabel);
  const SandboxModes modes{.host_network = home.network_mode == "host",
                           .host_pid = share == "host",
                           .host_ipc = home.ipc_mode == "host",
                           .share_pid = share == "pod",
                           .cgroup_parent = home.cgroup_parent};

  std::string profile, image_user;
  if (constexpr std::string_view local = "Localhost/"; config.security.seccomp.starts_with(local)) {
    auto text = file::read(config.security.seccomp.substr(local.size()), 4u << 20);
    if (!text) return fail(Errc::invalid, text::cat("seccomp profile: ", text.error().message));
    profile = std::move(*text);
  }
  if (config.security.run_as_group && !config.security.run_as_user)
    image_user = NODAL_TRY(image(config.image_id.empty() ? config.image : config.image_id)).user;
  const auto body = NODAL_TRY(
      container_body(sandbox, modes, config, image_user, profile, options_.log, oom_floor_));
  // The engine refuses a bind mount whose source is missing; other runtimes make a folder.
  for (const auto& mount : config.mounts)
    if (struct stat unused; ::stat(mount.host_path.c_str(), &unused) != 0)
      if (auto made = file::make_folders(mount.host_path); !made)
        return fail(Errc::invalid,
                    text::cat("mount source ", mount.host_path, ": ", made.error().message));

  const auto name = container_name(config.name, config.pod, config.attempt);
  auto created = create(name, body);
  if (!created && created.error().code == Errc::conflict) {
    const auto there = details(name);
    if (there) {
      // One that never ran may be of an older description: it is made again.
      if (there->state != "created") return there->id;
      NODAL_TRY(force_remove(there->id));
    } else if (there.error().code != Errc::not_found) {
      return std::unexpected(there.error());
    }
    created = create(name, body);
  }
  if (!created) {
    if (created.error().code == Errc::not_found) forget_images();
    return wrap(text::cat("create container ", config.name), std::move(created).error());
  }
  if (auto started = engine_.call("POST", text::cat("/containers/", *created, "/start")); !started)
    return wrap(text::cat("start container ", config.name),
                start_error(std::move(started).error()));
  return created;
}

Result<> DockerRuntime::stop_container(std::string_view id, std::chrono::seconds grace) {
  const auto wait =
      std::clamp<std::chrono::seconds>(grace, std::chrono::seconds(0), std::chrono::hours(24 * 7));
  const auto answer = engine_.slow_call(
      "POST", text::cat("/containers/", NODAL_TRY(checked_id(id)), "/stop?t=", wait.count()),
      wait + std::chrono::seconds(60));
  if (answer || answer.error().code == Errc::not_found) return {};
  return std::unexpected(answer.error());
}

Result<> DockerRuntime::remove_container(std::string_view id) { return force_remove(id); }

Result<Runtime::Usage> DockerRuntime::usage(std::string_view id) {
  const auto answer =
      NODAL_TRY(engine_.call("GET", text::cat("/containers/", NODAL_TRY(checked_id(id)),
                                              "/stats?stream=false&one-shot=true")));
  const auto stats = NODAL_TRY(parse_stats(answer.text()));
  return Usage{stats.cpu_nanoseconds, stats.memory_bytes};
}

Result<> DockerRuntime::logs(std::string_view id, const LogOptions& options,
                             const std::function<bool(std::string_view)>& sink,
                             std::stop_token stop) {
  const auto container = NODAL_TRY(details(id, "running"));
  auto path = text::cat("/containers/", NODAL_TRY(checked_id(id)),
                        "/logs?stdout=1&stderr=1&follow=", options.follow ? 1 : 0,
                        "&timestamps=", options.timestamps ? 1 : 0);
  if (options.tail_lines)
    path += text::cat("&tail=", std::max<std::int64_t>(*options.tail_lines, 0));
  auto since = options.since_time;
  if (!since && options.since_seconds) {
    const std::chrono::seconds back(
        std::clamp<std::int64_t>(*options.since_seconds, 0, INT64_C(4000000000)));
    since = SystemClock().now() - back;
  }
  if (since) {
    const auto micros = std::max<std::int64_t>(since->time_since_epoch().count(), 0);
    auto fraction = std::to_string(micros % 1000000);
    path += text::cat("&since=", micros / 1000000, ".", std::string(6 - fraction.size(), '0'),
                      fraction);
  }

  std::int64_t left = options.limit_bytes.value_or(INT64_MAX);
  if (left <= 0) return {};
  const auto limited = [&](std::string_view bytes) {
    const auto piece = bytes.substr(0, static_cast<std::size_t>(left));
    left -= static_cast<std::int64_t>(piece.size());
    return sink(piece) && left > 0;
  };
  FrameReader frames;
  Result<bool> broken = true;
  const auto ended = engine_.stream(
      "GET", path, {}, {},
      [&](std::string_view bytes) {
        if (container.tty) return limited(bytes);
        broken =
            frames.feed(bytes, [&](FrameReader::Source, std::string_view b) { return limited(b); });
        return broken.value_or(false);
      },
      stop, options.follow ? std::chrono::hours(24) : std::chrono::minutes(1));
  if (!broken) return std::unexpected(std::move(broken).error());
  // Whoever asked has enough, or the container was removed under the stream.
  if (stop.stop_requested() || left <= 0) return {};
  return ended;
}

}  // namespace nodal::agent::docker
