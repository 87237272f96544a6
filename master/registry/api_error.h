// master/registry/api_error.h — why a request cannot be done, as a Kubernetes Status says it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/schema.h"
#include "base/result.h"
#include "master/registry/strategy.h"

namespace nodal::master {

/// Everything a failure Status holds.
/// @source API conventions, "Response Status Kind"
struct ApiError {
  int code = 500;
  std::string reason;   ///< "NotFound"
  std::string message;  ///< for people; clients print it as it stands
  std::string name, group, kind,
      uid;  ///< details; `kind` is the plural resource, for Invalid the kind
  FieldErrors causes;
  int retry_after_seconds = 0;   ///< 0: none
  std::string continue_token{};  ///< a fresh one, with 410 for an expired one
};

/// What a request yields: a value or a Status.
template <class T = void>
using Answer = std::expected<T, ApiError>;

namespace errors {

/// "deployments.apps", or "pods" for the core group.
std::string group_resource(const schema::Resource& resource);

std::unexpected<ApiError> bad_request(std::string message);
std::unexpected<ApiError> unauthorized();
/// `gr "name" is forbidden: WHY`, without the name when it is empty.
std::unexpected<ApiError> forbidden(const schema::Resource& resource, std::string_view name,
                                    std::string_view why);
std::unexpected<ApiError> not_found(const schema::Resource& resource, std::string_view name);
/// No such URL.
std::unexpected<ApiError> no_such_path();
std::unexpected<ApiError> method_not_allowed();
std::unexpected<ApiError> not_acceptable();
std::unexpected<ApiError> unsupported_media_type(std::string_view accepted);
std::unexpected<ApiError> too_large(std::size_t limit);
/// The object itself, as it would be stored.
std::unexpected<ApiError> object_too_large(const schema::Resource& resource, std::string_view name,
                                           std::size_t size, std::size_t limit);
std::unexpected<ApiError> already_exists(const schema::Resource& resource, std::string_view name);
std::unexpected<ApiError> conflict(const schema::Resource& resource, std::string_view name,
                                   std::string_view cause);
/// Conflict with the wording for a stale resourceVersion.
std::unexpected<ApiError> modified(const schema::Resource& resource, std::string_view name);
std::unexpected<ApiError> expired(std::string message);
/// `Kind.group "name" is invalid: field: message` or `[…, …]`.
std::unexpected<ApiError> invalid(std::string_view group, std::string_view kind,
                                  std::string_view name, FieldErrors causes);
std::unexpected<ApiError> invalid(const schema::Resource& resource, std::string_view name,
                                  FieldErrors causes);
std::unexpected<ApiError> internal(std::string_view why);
std::unexpected<ApiError> unavailable(std::string_view why);
/// Clients come again in a second.
std::unexpected<ApiError> too_many(std::string_view why);
std::unexpected<ApiError> timeout(std::string_view why, int retry_after_seconds);

/// A failure of a lower layer about one object.
std::unexpected<ApiError> from(const Error& error, const schema::Resource& resource,
                               std::string_view name);

}  // namespace errors
}  // namespace nodal::master

namespace nodal::detail {  // NODAL_TRY on answers
template <class T>
T take(std::expected<T, master::ApiError>&& answer) {
  return std::move(*answer);
}
inline void take(std::expected<void, master::ApiError>&&) {}
}  // namespace nodal::detail

namespace nodal::master {

/// The failure Status as JSON text.
std::string render_status(const ApiError& error);
/// A success Status about one object (the answer to a delete).
std::string render_success(const schema::Resource& resource, std::string_view name,
                           std::string_view uid);

/// As Go's %q prints a string.
std::string quoted(std::string_view text);

}  // namespace nodal::master
