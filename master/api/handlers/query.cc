// master/api/handlers/query.cc — what several verbs read of a request: its object, its
// resourceVersion, its writer.
#include <algorithm>
#include <boost/json.hpp>

#include "api-client/codec/time.h"
#include "base/text.h"
#include "master/api/handlers.h"

namespace nodal::master::handlers {

Answer<boost::json::object> posted(Call& call, const Expected& expected) {
  const auto type = body_type(call.request.headers.get("Content-Type"));
  if (!type || (*type != BodyType::json && *type != BodyType::yaml && *type != BodyType::protobuf))
    return errors::unsupported_media_type(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf");
  return decode_body(call.request.body, *type, expected, call.validation, call.warnings);
}

managed::Writer writer_of(const Call& call) {
  std::string manager(call.info.parameter("fieldManager"));
  if (manager.empty()) {
    const std::string agent(call.request.headers.get("User-Agent"));
    for (const char c : agent.substr(0, std::min<std::size_t>(agent.find('/'), kMaxManager)))
      if (c >= 0x20 && c < 0x7f) manager += c;
  }
  return {std::move(manager), call.info.subresource, format_time(call.api->parts().clock->now())};
}

Answer<std::optional<Revision>> asked_revision(const RequestInfo& info, KvStore& kv) {
  const auto version = info.parameter("resourceVersion");
  if (version.empty() || version == "0") return std::nullopt;
  const auto revision = text::number<Revision>(version);
  if (!revision)
    return errors::bad_request(text::cat("Invalid value: ", quoted(version),
                                         ": strconv.ParseUint: parsing ", quoted(version),
                                         ": invalid syntax"));
  if (const auto now = kv.revision(); *revision > now) {
    auto error = errors::timeout(
        text::cat("Too large resource version: ", *revision, ", current: ", now), 1);
    error.error().causes.push_back({"ResourceVersionTooLarge", "", "Too large resource version"});
    return error;
  }
  return *revision;
}

}  // namespace nodal::master::handlers
