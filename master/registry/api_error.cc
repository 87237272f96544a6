// master/registry/api_error.cc — see api_error.h.
#include "master/registry/api_error.h"
#include "api-client/codec/codec.h"

#include "base/text.h"

namespace nodal::master {
namespace {

std::string plural_reason(std::string_view resource, std::string_view name) {
  return name.empty() ? std::string(resource) : text::cat(resource, " ", quoted(name));
}

std::unexpected<ApiError> about(int code, std::string_view reason, std::string message,
                                const schema::Resource& resource, std::string_view name) {
  ApiError error;
  error.code = code;
  error.reason = reason;
  error.message = std::move(message);
  error.name = name;
  error.group = resource.group;
  error.kind = resource.plural;
  return std::unexpected(std::move(error));
}

std::unexpected<ApiError> plain(int code, std::string_view reason, std::string message) {
  ApiError error;
  error.code = code;
  error.reason = reason;
  error.message = std::move(message);
  return std::unexpected(std::move(error));
}

void append_field(std::string& out, bool& first, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  if (!first) out += ',';
  first = false;
  codec::append_string(out, key);
  out += ':';
  codec::append_string(out, value);
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out;
  codec::append_string(out, text);
  return out;
}

namespace errors {

std::string group_resource(const schema::Resource& resource) {
  return resource.group.empty() ? std::string(resource.plural)
                                : text::cat(resource.plural, ".", resource.group);
}

std::unexpected<ApiError> bad_request(std::string message) {
  return plain(400, "BadRequest", std::move(message));
}

std::unexpected<ApiError> unauthorized() { return plain(401, "Unauthorized", "Unauthorized"); }

std::unexpected<ApiError> forbidden(const schema::Resource& resource, std::string_view name,
                                    std::string_view why) {
  return about(403, "Forbidden",
               text::cat(plural_reason(group_resource(resource), name), " is forbidden: ", why),
               resource, name);
}

std::unexpected<ApiError> not_found(const schema::Resource& resource, std::string_view name) {
  return about(404, "NotFound",
               text::cat(group_resource(resource), " ", quoted(name), " not found"), resource,
               name);
}

std::unexpected<ApiError> no_such_path() {
  return plain(404, "NotFound", "the server could not find the requested resource");
}

std::unexpected<ApiError> method_not_allowed() {
  return plain(405, "MethodNotAllowed",
               "the server does not allow this method on the requested resource");
}

std::unexpected<ApiError> not_acceptable() {
  return plain(406, "NotAcceptable",
               "only the following media types are accepted: application/json, "
               "application/json;as=Table;v=v1;g=meta.k8s.io");
}

std::unexpected<ApiError> unsupported_media_type(std::string_view accepted) {
  return plain(
      415, "UnsupportedMediaType",
      text::cat("the body of the request was in an unknown format - accepted media types include: ",
                accepted));
}

std::unexpected<ApiError> too_large(std::size_t limit) {
  return plain(413, "RequestEntityTooLarge",
               text::cat("Request entity too large: limit is ", limit));
}

std::unexpected<ApiError> object_too_large(const schema::Resource& resource, std::string_view name,
                                           std::size_t size, std::size_t limit) {
  return about(413, "RequestEntityTooLarge",
               text::cat(group_resource(resource), " ", quoted(name), " is too large: ", size,
                         " bytes, and at most ", limit, " are stored"),
               resource, name);
}

std::unexpected<ApiError> already_exists(const schema::Resource& resource, std::string_view name) {
  return about(409, "AlreadyExists",
               text::cat(group_resource(resource), " ", quoted(name), " already exists"), resource,
               name);
}

std::unexpected<ApiError> conflict(const schema::Resource& resource, std::string_view name,
                                   std::string_view cause) {
  return about(409, "Conflict",
               text::cat("Operation cannot be fulfilled on ", group_resource(resource), " ",
                         quoted(name), ": ", cause),
               resource, name);
}

std::unexpected<ApiError> modified(const schema::Resource& resource, std::string_view name) {
  return conflict(resource, name,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

std::unexpected<ApiError> expired(std::string message) {
  return plain(410, "Expired", std::move(message));
}

std::unexpected<ApiError> invalid(std::string_view group, std::string_view kind,
                                  std::string_view name, FieldErrors causes) {
  std::string list;
  for (const auto& cause : causes) {
    if (!list.empty()) list += ", ";
    list += text::cat(cause.field, ": ", cause.message);
  }
  if (causes.size() > 1) list = text::cat("[", list, "]");
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  error.message =
      text::cat(kind, group.empty() ? "" : ".", group, " ", quoted(name), " is invalid: ", list);
  error.name = name;
  error.group = group;
  error.kind = kind;
  error.causes = std::move(causes);
  return std::unexpected(std::move(error));
}

std::unexpected<ApiError> invalid(const schema::Resource& resource, std::string_view name,
                                  FieldErrors causes) {
  return invalid(resource.group, resource.kind, name, std::move(causes));
}

std::unexpected<ApiError> internal(std::string_view why) {
  return plain(500, "InternalError", text::cat("Internal error occurred: ", why));
}

std::unexpected<ApiError> unavailable(std::string_view why) {
  return plain(
      503, "ServiceUnavailable",
      why.empty() ? "the server is currently unable to handle the request" : std::string(why));
}

std::unexpected<ApiError> too_many(std::string_view why) {
  auto error = plain(429, "TooManyRequests", std::string(why));
  error.error().retry_after_seconds = 1;
  return error;
}

std::unexpected<ApiError> timeout(std::string_view why, int retry_after_seconds) {
  auto error = plain(504, "Timeout", std::string(why));
  error.error().retry_after_seconds = retry_after_seconds;
  return error;
}

std::unexpected<ApiError> from(const Error& error, const schema::Resource& resource,
                               std::string_view name) {
  switch (error.code) {
    case Errc::not_found:
      return not_found(resource, name);
    case Errc::already_exists:
      return already_exists(resource, name);
    case Errc::conflict:
      return modified(resource, name);
    case Errc::invalid:
      return bad_request(error.message);
    case Errc::forbidden:
      return forbidden(resource, name, error.message);
    case Errc::gone:
      return expired(error.message);
    case Errc::timed_out:
      return timeout(text::cat("Timeout: ", error.message), 1);
    case Errc::unavailable:
      return unavailable(error.message);
    case Errc::internal:
      break;
  }
  return internal(error.message);
}

}  // namespace errors

std::string render_status(const ApiError& error) {
  std::string out = R"({"kind":"Status","apiVersion":"v1","metadata":{)";
  if (!error.continue_token.empty()) {
    out += R"("continue":)";
    codec::append_string(out, error.continue_token);
  }
  out += R"(},"status":"Failure","message":)";
  codec::append_string(out, error.message);
  out += R"(,"reason":)";
  codec::append_string(out, error.reason);
  std::string details;
  bool first = true;
  append_field(details, first, "name", error.name);
  append_field(details, first, "group", error.group);
  append_field(details, first, "kind", error.kind);
  append_field(details, first, "uid", error.uid);
  if (!error.causes.empty()) {
    if (!first) details += ',';
    first = false;
    details += R"("causes":[)";
    bool first_cause = true;
    for (const auto& cause : error.causes) {
      if (!first_cause) details += ',';
      first_cause = false;
      details += '{';
      bool first_field = true;
      append_field(details, first_field, "reason", cause.reason);
      append_field(details, first_field, "message", cause.message);
      append_field(details, first_field, "field", cause.field);
      details += '}';
    }
    details += ']';
  }
  if (error.retry_after_seconds > 0) {
    if (!first) details += ',';
    first = false;
    details += text::cat(R"("retryAfterSeconds":)", error.retry_after_seconds);
  }
  if (!first || error.code == 404) out += text::cat(R"(,"details":{)", details, "}");
  out += text::cat(R"(,"code":)", error.code, "}");
  return out;
}

std::string render_success(const schema::Resource& resource, std::string_view name,
                           std::string_view uid) {
  std::string out =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{)";
  bool first = true;
  append_field(out, first, "name", name);
  append_field(out, first, "group", resource.group);
  append_field(out, first, "kind", resource.plural);
  append_field(out, first, "uid", uid);
  out += "}}";
  return out;
}

}  // namespace nodal::master
