// agent/serve/target.cc — see target.h.
#include "agent/serve/target.h"

#include <map>

#include "api-client/codec/time.h"
#include "base/http/message.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

using Kind = StreamTarget::Kind;

Result<> take(StreamTarget& out, const std::string& key, const std::string& value) {
  const bool on = value == "true" || value == "1";
  if (out.kind == Kind::logs) {
    const auto number = text::number<std::int64_t>(value);
    if ((key == "tailLines" || key == "limitBytes" || key == "sinceSeconds") &&
        (!number || *number < 0))
      return fail(Errc::invalid, text::cat(key, ": not a number: ", value));
    if (key == "follow") out.log.follow = on;
    if (key == "previous") out.previous = on;
    if (key == "timestamps") out.log.timestamps = on;
    if (key == "tailLines") out.log.tail_lines = *number;
    if (key == "limitBytes") out.log.limit_bytes = *number;
    if (key == "sinceSeconds") out.log.since_seconds = *number;
    if (key == "sinceTime") {
      out.log.since_time = parse_time(value);
      if (!out.log.since_time)
        return fail(Errc::invalid, text::cat("sinceTime: not a time: ", value));
    }
    return {};
  }
  if (key == "command") out.command.push_back(value);
  if (key == "input") out.streams.input = on;
  if (key == "output") out.streams.output = on;
  if (key == "error") out.streams.error = on;
  if (key == "tty") out.streams.tty = on;
  return {};
}

}  // namespace

Result<StreamTarget> parse_stream_target(std::string_view target) {
  const auto question = target.find('?');
  const auto raw = text::split(target.substr(0, question), '/');
  std::vector<std::string> parts;
  for (const auto part : raw) {
    auto decoded = http::percent_decode(part);
    if (!decoded) return fail(Errc::invalid, "a path that cannot be decoded");
    parts.push_back(std::move(*decoded));
  }
  static const std::map<std::string, Kind> kKinds = {{"containerLogs", Kind::logs},
                                                     {"exec", Kind::exec},
                                                     {"attach", Kind::attach},
                                                     {"portForward", Kind::port_forward}};
  const auto kind = parts.size() < 2 ? kKinds.end() : kKinds.find(parts[1]);
  if (kind == kKinds.end()) return fail(Errc::not_found, "no such path");
  StreamTarget out;
  out.kind = kind->second;
  // "", kind, namespace, pod, then a uid that may be left out, then the container.
  const std::size_t least = out.kind == Kind::port_forward ? 4 : 5;
  const std::size_t most = out.kind == Kind::logs ? least : least + 1;
  if (parts.size() < least || parts.size() > most) return fail(Errc::not_found, "no such path");
  out.ns = parts[2];
  out.pod = parts[3];
  if (out.kind != Kind::port_forward) out.container = parts.back();

  if (question != std::string_view::npos) {
    const auto query = http::parse_query(target.substr(question + 1));
    if (!query) return fail(Errc::invalid, "a query that cannot be decoded");
    for (const auto& [key, value] : *query) NODAL_TRY(take(out, key, value));
  }
  if (out.kind == Kind::exec && out.command.empty())
    return fail(Errc::invalid, "a command is needed");
  const auto& streams = out.streams;
  if ((out.kind == Kind::exec || out.kind == Kind::attach) && !streams.input && !streams.output &&
      !streams.error)
    return fail(Errc::invalid, "at least one of input, output and error is needed");
  return out;
}

std::string waiting_to_start(const core_v1::Pod& pod, std::string_view container) {
  std::string_view why = "ContainerCreating";
  for (const auto* statuses : {&pod.status.container_statuses, &pod.status.init_container_statuses,
                               &pod.status.ephemeral_container_statuses})
    for (const auto& status : *statuses)
      if (status.name == container && status.state.waiting && !status.state.waiting->reason.empty())
        why = status.state.waiting->reason;
  if (why == "ErrImagePull") why = "image can't be pulled";
  if (why == "ImagePullBackOff") why = "trying and failing to pull image";
  return text::cat("container \"", container, "\" in pod \"", pod.metadata.name,
                   "\" is waiting to start: ", why);
}

}  // namespace nodal::agent
