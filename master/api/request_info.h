// master/api/request_info.h — method, path and query → what is asked for. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace nodal::master {

/// What a request line asks for. No schema is consulted: a resource that nobody serves parses like
/// any other.
struct RequestInfo {
  /// get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for
  /// what is no resource.
  std::string verb;
  std::string path;  ///< as sent, without the query; every segment of it is clean
  bool is_resource = false;
  std::string group, version;
  std::string resource;    ///< plural, as in the path
  std::string namespace_;  ///< of the path; for a Namespace object its own name
  std::string name;
  std::string subresource;
  std::vector<std::string> rest;  ///< segments behind the subresource
  std::string tail;               ///< of a proxy request: the path behind the subresource, as sent
  std::vector<std::pair<std::string, std::string>> query;

  /// The first parameter of that name, or "".
  [[nodiscard]] std::string_view parameter(std::string_view key) const;
  /// All parameters of that name, in order.
  [[nodiscard]] std::vector<std::string_view> parameters(std::string_view key) const;
  [[nodiscard]] bool has_parameter(std::string_view key) const;
  /// "true", "1", or present without a value; as the API server reads booleans.
  [[nodiscard]] bool flag(std::string_view key) const;
};

/// @errors invalid: a bad escape, a segment `.` or `..`, an escaped slash or control byte (but
/// escaped ones in the tail of a proxy request, which is another server's to read), more than 256
/// parameters, or a target of more than 8 KiB
Result<RequestInfo> parse_request(std::string_view method, std::string_view target);

}  // namespace nodal::master
