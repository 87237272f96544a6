// nodectl/requests.cc — see requests.h.
#include "nodectl/requests.h"

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/document.h"
#include "nodectl/errors.h"
#include "nodectl/warnings.h"

namespace nodal::nodectl {
namespace {

http::Request request_of(const Cluster& cluster, const Ask& ask) {
  http::Request request;
  request.method = ask.method;
  request.target = ask.path;
  request.body = ask.body;
  request.headers.add("Accept", ask.accept);
  request.headers.add("User-Agent", cluster.client->user_agent());
  if (!ask.body.empty()) request.headers.add("Content-Type", ask.content_type);
  return request;
}

}  // namespace

Result<std::string> ask_text(Cluster& cluster, const Ask& ask) {
  const auto response = cluster.client->transport().send(request_of(cluster, ask), {});
  if (!response) return std::unexpected(transport_error(response.error(), cluster.server));
  print_warnings(response->headers);
  if (response->status / 100 != 2)
    return std::unexpected(ask.bare ? bare_error(response->status, response->text())
                                    : server_error(response->status, response->text(), ask.doing));
  return response->text();
}

Result<boost::json::value> ask(Cluster& cluster, const Ask& ask) {
  return codec::parse_answer(NODAL_TRY(ask_text(cluster, ask)));
}

Result<> ask_stream(Cluster& cluster, const Ask& ask,
                    const std::function<bool(std::string_view)>& sink) {
  const auto response = cluster.client->transport().stream(request_of(cluster, ask), sink, {});
  if (!response) return std::unexpected(transport_error(response.error(), cluster.server));
  if (response->status / 100 != 2)
    return std::unexpected(server_error(response->status, response->text(), ask.doing));
  return {};
}

Result<> ask_events(
    Cluster& cluster, const Ask& ask,
    const std::function<bool(const std::string& type, const boost::json::value& object)>& sink) {
  std::string rest;
  Result<> outcome;
  const auto done = ask_stream(cluster, ask, [&](std::string_view bytes) {
    rest += bytes;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const auto event = codec::parse_answer(std::string_view(rest).substr(begin, end - begin));
      if (!event) continue;
      const auto* object = find(*event, "object");
      const auto type = text_at(*event, "type");
      if (object == nullptr || type == "BOOKMARK") continue;
      if (type == "ERROR") {
        outcome = std::unexpected(server_error(static_cast<int>(int_at(*object, "code", 500)),
                                               codec::to_text(*object), ""));
        return false;
      }
      if (!sink(type, *object)) return false;
    }
    rest.erase(0, begin);
    return true;
  });
  if (!outcome) return outcome;
  return done;
}

std::string with_query(std::string path, std::string_view name, std::string_view value) {
  if (value.empty()) return path;
  return text::cat(path, path.find('?') == std::string::npos ? '?' : '&', name, "=",
                   http::percent_encode(value));
}

}  // namespace nodal::nodectl
