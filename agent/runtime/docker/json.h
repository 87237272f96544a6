// agent/runtime/docker/json.h — reading JSON from outside with limits: absent and mistyped members
// read as empty.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::agent::docker::json {

namespace bj = boost::json;

inline constexpr std::size_t kMaxBytes = 64u << 20;
inline constexpr std::size_t kMaxDepth = 40;

/// @param what  begins the message: "reply of GET /version"
/// @errors invalid: no JSON, too large, too deep
Result<bj::value> parse(std::string_view text, std::string_view what,
                        std::size_t limit = kMaxBytes);
/// The same, and it must be an object.
Result<bj::object> parse_object(std::string_view text, std::string_view what,
                                std::size_t limit = kMaxBytes);
Result<bj::array> parse_array(std::string_view text, std::string_view what,
                              std::size_t limit = kMaxBytes);

/// Null when absent or of another type.
const bj::object* object(const bj::object& in, std::string_view key);
const bj::array* array(const bj::object& in, std::string_view key);
std::string string(const bj::object& in, std::string_view key);
std::int64_t integer(const bj::object& in, std::string_view key);
bool boolean(const bj::object& in, std::string_view key);
/// The strings of an array; others are skipped.
std::vector<std::string> strings(const bj::object& in, std::string_view key);
std::map<std::string, std::string> string_map(const bj::object& in, std::string_view key);

}  // namespace nodal::agent::docker::json
