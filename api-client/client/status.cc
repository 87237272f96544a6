// api-client/client/status.cc — see status.h.
#include "api-client/client/status.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api-client/codec/codec.h"
#include "base/http/message.h"
#include "base/text.h"

namespace nodal::client {
namespace {

struct Row {
  std::string_view reason;
  int status;
  Errc code;
};

// The first row of a code is the one it is written as.
constexpr Row kRows[] = {
    {"NotFound", 404, Errc::not_found},
    {"AlreadyExists", 409, Errc::already_exists},
    {"Conflict", 409, Errc::conflict},
    {"Invalid", 422, Errc::invalid},
    {"BadRequest", 400, Errc::invalid},
    {"NotAcceptable", 406, Errc::invalid},
    {"UnsupportedMediaType", 415, Errc::invalid},
    {"RequestEntityTooLarge", 413, Errc::invalid},
    {"MethodNotAllowed", 405, Errc::invalid},
    {"Forbidden", 403, Errc::forbidden},
    {"Unauthorized", 401, Errc::forbidden},
    {"Expired", 410, Errc::gone},
    {"Gone", 410, Errc::gone},
    {"Timeout", 504, Errc::timed_out},
    {"ServerTimeout", 504, Errc::timed_out},
    {"ServiceUnavailable", 503, Errc::unavailable},
    {"TooManyRequests", 429, Errc::unavailable},
    {"InternalError", 500, Errc::internal},
};

}  // namespace

Errc errc_of_reason(std::string_view reason, int http_status) {
  for (const auto& row : kRows)
    if (row.reason == reason) return row.code;
  for (const auto& row : kRows)
    if (row.status == http_status) return row.status == 409 ? Errc::conflict : row.code;
  if (http_status == 502) return Errc::unavailable;
  return http_status / 100 == 4 ? Errc::invalid : Errc::internal;
}

std::string_view reason_of(Errc code) {
  for (const auto& row : kRows)
    if (row.code == code) return row.reason;
  return "InternalError";
}

int http_status_of(Errc code) {
  for (const auto& row : kRows)
    if (row.code == code) return row.status;
  return 500;
}

Error error_of(int http_status, std::string_view body) {
  const auto document = codec::parse(body);
  if (document)
    if (const auto* object = document->if_object()) {
      const auto string = [&](const char* name) {
        const auto* value = object->if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                      : std::string();
      };
      if (string("kind") == "Status") {
        auto message = string("message");
        if (message.empty()) message = std::string(http::reason(http_status));
        return {errc_of_reason(string("reason"), http_status), std::move(message)};
      }
    }
  constexpr std::size_t kMostText = 512;
  return {errc_of_reason("", http_status),
          text::cat(http_status, " ", http::reason(http_status), body.empty() ? "" : ": ",
                    body.substr(0, kMostText))};
}

}  // namespace nodal::client
