// agent/runtime/docker/reply.cc — the Docker Engine's JSON and streams → values.
#include "agent/runtime/docker/reply.h"

#include <cctype>
#include <cstdlib>

#include "agent/runtime/docker/json.h"
#include "agent/runtime/docker/request.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

constexpr std::size_t kSmall = 4u << 20;  // one object

int clamp_int(std::int64_t value) {
  return static_cast<int>(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
}

TimePoint from_seconds(std::int64_t seconds) {
  // Beyond year 9999 nothing is a time any more, and microseconds would overflow.
  if (seconds <= 0 || seconds > 253402300799) return {};
  return TimePoint(std::chrono::seconds(seconds));
}

// "1.41" → {1, 41}.
std::pair<int, int> api_number(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return {0, 0};
  return {text::number<int>(text.substr(0, dot)).value_or(0),
          text::number<int>(text.substr(dot + 1)).value_or(0)};
}

std::vector<std::string> meaningful(std::vector<std::string> names) {
  std::erase_if(names, [](const std::string& n) { return n.starts_with("<none>"); });
  return names;
}

ImageInfo image_of(const json::bj::object& in) {
  ImageInfo out;
  out.id = json::string(in, "Id");
  out.tags = meaningful(json::strings(in, "RepoTags"));
  out.digests = meaningful(json::strings(in, "RepoDigests"));
  out.size_bytes = json::integer(in, "Size");
  if (const auto* config = json::object(in, "Config")) out.user = json::string(*config, "User");
  return out;
}

}  // namespace

TimePoint parse_docker_time(std::string_view text) {
  // Fixed places up to the seconds, then a fraction of any length, then Z or ±hh:mm.
  const auto digits = [&](std::size_t at, std::size_t size) -> int {
    int value = 0;
    for (std::size_t i = at; i < at + size; ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  const int year = digits(0, 4), month = digits(5, 2), day = digits(8, 2), hour = digits(11, 2),
            minute = digits(14, 2), second = digits(17, 2);
  if (year <= 1 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60 || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return {};
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  TimePoint out = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second);
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    std::int64_t micros = 0, unit = 100000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      micros += unit * (text[at] - '0');
    out += std::chrono::microseconds(micros);
  }
  if (text.substr(at) == "Z") return out;
  if (text.size() != at + 6 || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':')
    return {};
  const int offset_hours = digits(at + 1, 2), offset_minutes = digits(at + 4, 2);
  if (offset_hours < 0 || offset_minutes < 0) return {};
  const auto offset = std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes);
  return text[at] == '+' ? out - offset : out + offset;
}

Result<EngineVersion> parse_version(std::string_view body) {
  const auto in = NODAL_TRY(json::parse_object(body, "Docker's version", kSmall));
  EngineVersion out{json::string(in, "Version"), json::string(in, "ApiVersion"),
                    json::string(in, "MinAPIVersion")};
  if (api_number(out.api) == std::pair(0, 0))
    return fail(Errc::invalid, "Docker's version: no ApiVersion; is this a Docker Engine?");
  return out;
}

std::string negotiate(const EngineVersion& engine) {
  const std::pair want{1, 41};
  const auto highest = api_number(engine.api), lowest = api_number(engine.min_api);
  const auto use = std::max(std::min(want, highest), lowest);
  return text::cat(use.first, ".", use.second);
}

Result<std::vector<Summary>> parse_summaries(std::string_view body) {
  std::vector<Summary> out;
  for (const auto& entry : NODAL_TRY(json::parse_array(body, "Docker's container list"))) {
    const auto* in = entry.if_object();
    if (!in) return fail(Errc::invalid, "Docker's container list: an entry is not an object");
    Summary one{json::string(*in, "Id"), json::string(*in, "State"), json::string(*in, "ImageID"),
                json::string_map(*in, "Labels"), from_seconds(json::integer(*in, "Created"))};
    if (one.id.empty()) return fail(Errc::invalid, "Docker's container list: an entry has no Id");
    out.push_back(std::move(one));
  }
  return out;
}

Result<Details> parse_details(std::string_view body) {
  const auto in = NODAL_TRY(json::parse_object(body, "Docker's container", kSmall));
  Details out;
  out.id = json::string(in, "Id");
  if (out.id.empty()) return fail(Errc::invalid, "Docker's container: no Id");
  out.name = json::string(in, "Name");
  if (out.name.starts_with('/')) out.name.erase(0, 1);
  out.image_id = json::string(in, "Image");
  out.created_at = parse_docker_time(json::string(in, "Created"));
  if (const auto* state = json::object(in, "State")) {
    out.state = json::string(*state, "Status");
    out.error = json::string(*state, "Error");
    out.running = json::boolean(*state, "Running");
    out.oom_killed = json::boolean(*state, "OOMKilled");
    out.exit_code = clamp_int(json::integer(*state, "ExitCode"));
    out.pid = json::integer(*state, "Pid");
    out.started_at = parse_docker_time(json::string(*state, "StartedAt"));
    out.finished_at = parse_docker_time(json::string(*state, "FinishedAt"));
  }
  if (const auto* config = json::object(in, "Config")) {
    out.labels = json::string_map(*config, "Labels");
    out.tty = json::boolean(*config, "Tty");
    out.stdin_once = json::boolean(*config, "StdinOnce");
  }
  if (const auto* host = json::object(in, "HostConfig")) {
    out.network_mode = json::string(*host, "NetworkMode");
    out.pid_mode = json::string(*host, "PidMode");
    out.ipc_mode = json::string(*host, "IpcMode");
    out.cgroup_parent = json::string(*host, "CgroupParent");
  }
  return out;
}

Result<std::vector<ImageInfo>> parse_images(std::string_view body) {
  std::vector<ImageInfo> out;
  for (const auto& entry : NODAL_TRY(json::parse_array(body, "Docker's image list")))
    if (const auto* in = entry.if_object()) out.push_back(image_of(*in));
  return out;
}

Result<ImageInfo> parse_image(std::string_view body) {
  auto out = image_of(NODAL_TRY(json::parse_object(body, "Docker's image", kSmall)));
  if (out.id.empty()) return fail(Errc::invalid, "Docker's image: no Id");
  return out;
}

Result<std::string> parse_root_folder(std::string_view body) {
  auto out =
      json::string(NODAL_TRY(json::parse_object(body, "Docker's info", kSmall)), "DockerRootDir");
  if (!out.starts_with('/')) return fail(Errc::invalid, "Docker's info: no DockerRootDir");
  return out;
}

Result<std::map<std::string, std::string>> parse_image_labels(std::string_view body) {
  const auto in = NODAL_TRY(json::parse_object(body, "Docker's image", kSmall));
  const auto* config = json::object(in, "Config");
  return config ? json::string_map(*config, "Labels") : std::map<std::string, std::string>();
}

Result<std::string> parse_id(std::string_view body) {
  auto id = json::string(NODAL_TRY(json::parse_object(body, "Docker's answer", kSmall)), "Id");
  if (id.empty() || id.find_first_not_of("0123456789abcdef") != std::string::npos)
    return fail(Errc::invalid, "Docker's answer: no usable Id");
  return id;
}

std::string error_message(std::string_view body) {
  if (const auto in = json::parse_object(body, "error", kSmall))
    if (auto message = json::string(*in, "message"); !message.empty()) {
      if (message.size() > 1024) message.resize(1024);
      return message;
    }
  return std::string(text::trim(body.substr(0, 1024)));
}

Result<ExecState> parse_exec(std::string_view body) {
  const auto in = NODAL_TRY(json::parse_object(body, "Docker's exec", kSmall));
  ExecState out{json::boolean(in, "Running"), {}, json::integer(in, "Pid")};
  if (const auto* code = in.if_contains("ExitCode"); code && code->is_number())
    out.exit_code = clamp_int(json::integer(in, "ExitCode"));
  return out;
}

Result<Stats> parse_stats(std::string_view body) {
  const auto in = NODAL_TRY(json::parse_object(body, "Docker's stats", kSmall));
  const auto positive = [](std::int64_t v) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(v, 0));
  };
  Stats out;
  if (const auto* cpu = json::object(in, "cpu_stats"))
    if (const auto* usage = json::object(*cpu, "cpu_usage"))
      out.cpu_nanoseconds = positive(json::integer(*usage, "total_usage"));
  if (const auto* memory = json::object(in, "memory_stats")) {
    const auto used = positive(json::integer(*memory, "usage"));
    std::uint64_t idle =
        0;  // page cache the kernel would give back first: no part of a working set
    if (const auto* stats = json::object(*memory, "stats")) {
      const bool v1 = stats->contains("total_inactive_file");
      idle = positive(json::integer(*stats, v1 ? "total_inactive_file" : "inactive_file"));
    }
    out.memory_bytes = used > idle ? used - idle : 0;
  }
  return out;
}

Result<EngineEvent> parse_event(std::string_view line) {
  const auto in = NODAL_TRY(json::parse_object(line, "Docker's event", kSmall));
  EngineEvent out{json::string(in, "Type"),     json::string(in, "Action"), {}, {}, false,
                  json::integer(in, "timeNano")};
  if (const auto* actor = json::object(in, "Actor")) {
    out.id = json::string(*actor, "ID");
    if (const auto* attributes = json::object(*actor, "Attributes")) {
      out.ours = attributes->contains(kTypeLabel);
      out.pod_uid = json::string(*attributes, kPodUidLabel);
    }
  }
  return out;
}

std::string engine_time(std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const auto rest = std::to_string(nanoseconds % kSecond);
  return text::cat(nanoseconds / kSecond, ".", std::string(9 - rest.size(), '0'), rest);
}

Result<std::string> parse_progress(std::string_view line) {
  const auto in = NODAL_TRY(json::parse_object(line, "Docker's pull progress", kSmall));
  if (const auto* detail = json::object(in, "errorDetail"))
    if (auto message = json::string(*detail, "message"); !message.empty()) return message;
  return json::string(in, "error");
}

Result<> LineReader::feed(std::string_view bytes,
                          const std::function<Result<>(std::string_view)>& line) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (rest_.size() + std::min(end, bytes.size()) > limit_)
      return fail(Errc::invalid, text::cat("a line of more than ", limit_, " bytes"));
    if (end == std::string_view::npos) {
      rest_ += bytes;
      return {};
    }
    auto whole = bytes.substr(0, end);
    if (!rest_.empty()) whole = rest_ += whole;
    if (whole.ends_with('\r')) whole.remove_suffix(1);
    if (!whole.empty()) NODAL_TRY(line(whole));
    rest_.clear();
    bytes.remove_prefix(end + 1);
  }
  return {};
}

Result<bool> FrameReader::feed(std::string_view bytes,
                               const std::function<bool(Source, std::string_view)>& sink) {
  while (!bytes.empty()) {
    if (remaining_ == 0) {
      header_[header_size_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (header_size_ < sizeof header_) continue;
      header_size_ = 0;
      if (header_[0] > 3 || header_[1] != 0 || header_[2] != 0 || header_[3] != 0)
        return fail(Errc::invalid, "Docker's output stream: not a frame header");
      remaining_ = static_cast<std::uint32_t>(header_[4]) << 24 |
                   static_cast<std::uint32_t>(header_[5]) << 16 |
                   static_cast<std::uint32_t>(header_[6]) << 8 | header_[7];
      continue;
    }
    const auto piece = bytes.substr(0, remaining_);
    if (!sink(header_[0] == 2 ? Source::error : Source::out, piece)) return false;
    remaining_ -= static_cast<std::uint32_t>(piece.size());
    bytes.remove_prefix(piece.size());
  }
  return true;
}

}  // namespace nodal::agent::docker
