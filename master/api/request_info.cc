// master/api/request_info.cc — see request_info.h.
#include "master/api/request_info.h"

#include <algorithm>

#include "base/http/message.h"
#include "base/text.h"

namespace nodal::master {
namespace {

constexpr std::size_t kMaxTarget = 8u << 10;

// A segment that can stand in a key or a file name.
Result<std::string> segment_of(std::string_view raw) {
  auto decoded = http::percent_decode(raw);
  if (!decoded) return fail(Errc::invalid, text::cat("invalid URL escape in \"", raw, "\""));
  if (*decoded == "." || *decoded == "..")
    return fail(Errc::invalid, "the path must not contain '.' or '..' segments");
  for (const char c : *decoded)
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return fail(Errc::invalid, "the path must not contain escaped slashes or control characters");
  return std::move(*decoded);
}

// For another server: whatever its escapes mean, it does not lead up.
bool is_harmless(std::string_view raw) {
  const auto decoded = http::percent_decode(raw);
  return decoded && *decoded != "." && *decoded != "..";
}

std::string verb_of(std::string_view method, const RequestInfo& info) {
  const bool collection = info.name.empty();
  if (method == "GET" || method == "HEAD") {
    if (info.flag("watch") && info.subresource.empty()) return "watch";
    return collection ? "list" : "get";
  }
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return collection ? "deletecollection" : "delete";
  return text::lower(method);
}

}  // namespace

std::string_view RequestInfo::parameter(std::string_view key) const {
  for (const auto& [name, value] : query)
    if (name == key) return value;
  return {};
}

std::vector<std::string_view> RequestInfo::parameters(std::string_view key) const {
  std::vector<std::string_view> out;
  for (const auto& [name, value] : query)
    if (name == key) out.emplace_back(value);
  return out;
}

bool RequestInfo::has_parameter(std::string_view key) const {
  return std::ranges::any_of(query, [&](const auto& p) { return p.first == key; });
}

bool RequestInfo::flag(std::string_view key) const {
  if (!has_parameter(key)) return false;
  const auto value = text::lower(parameter(key));
  return value != "false" && value != "0";
}

Result<RequestInfo> parse_request(std::string_view method, std::string_view target) {
  if (target.size() > kMaxTarget)
    return fail(Errc::invalid, text::cat("the URL is longer than ", kMaxTarget, " bytes"));
  if (!target.starts_with('/')) return fail(Errc::invalid, "the request target must be a path");
  RequestInfo info;
  const auto question = target.find('?');
  const std::string_view path = target.substr(0, question);
  if (question != std::string_view::npos) {
    auto query = http::parse_query(target.substr(question + 1));
    if (!query) return fail(Errc::invalid, "the query string is malformed");
    info.query = std::move(*query);
  }
  info.path = path;

  std::vector<std::string> parts;
  std::vector<std::size_t> ends;         // of the parts, in the path
  std::optional<Error> foreign;          // what would be wrong with a segment of ours
  std::size_t first_foreign = SIZE_MAX;  // where that is
  for (const auto raw : text::split(path.substr(1), '/')) {
    if (raw.empty()) continue;  // a trailing or doubled slash
    auto segment = segment_of(raw);
    if (!segment && !is_harmless(raw)) return std::unexpected(std::move(segment).error());
    if (!segment && !foreign) {
      foreign = segment.error();
      first_foreign = parts.size();
    }
    parts.push_back(segment ? std::move(*segment) : std::string());
    ends.push_back(static_cast<std::size_t>(raw.data() - path.data()) + raw.size());
  }

  std::size_t at = 0;
  const auto next = [&]() -> std::string {
    return at < parts.size() ? parts[at++] : std::string();
  };
  const std::size_t prefix = parts.empty() ? 0 : parts[0] == "api" ? 2 : parts[0] == "apis" ? 3 : 0;
  if (prefix == 0 || parts.size() <= prefix) {  // discovery, health, …
    if (foreign) return std::unexpected(std::move(*foreign));
    info.verb = text::lower(method);
    return info;
  }
  info.is_resource = true;
  at = 1;
  if (prefix == 3) info.group = next();
  info.version = next();
  bool watch_prefix = false;
  if (parts[at] == "watch" && at + 1 < parts.size()) {  // the old form: /api/v1/watch/pods
    watch_prefix = true;
    ++at;
  }
  if (parts[at] == "namespaces" && at + 1 < parts.size()) {
    // /namespaces/x, /namespaces/x/status and /namespaces/x/finalize are about the Namespace
    // itself.
    const bool itself =
        at + 2 >= parts.size() ||
        (at + 3 == parts.size() && (parts[at + 2] == "status" || parts[at + 2] == "finalize"));
    info.namespace_ = parts[at + 1];
    if (!itself) at += 2;
  }
  info.resource = next();
  info.name = next();
  info.subresource = next();
  const bool proxied = info.subresource == "proxy";
  if (foreign && (!proxied || first_foreign < at)) return std::unexpected(std::move(*foreign));
  if (proxied) info.tail = path.substr(ends[at - 1]);
  while (at < parts.size()) info.rest.push_back(next());
  info.verb =
      watch_prefix && (method == "GET" || method == "HEAD") ? "watch" : verb_of(method, info);
  return info;
}

}  // namespace nodal::master
