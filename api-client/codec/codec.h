// api-client/codec/codec.h — JSON ↔ generated structs. The specialisations are generated, one per
// struct.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::codec {

/// Limits of every JSON text that comes from outside (SECURITY 24).
inline constexpr std::size_t kMaxJsonBytes = 64u << 20;
inline constexpr std::size_t kMaxJsonDepth = 64;

/// Parses JSON with the limits above; duplicate keys: the last wins.
/// @errors invalid, with line and column
Result<boost::json::value> parse(std::string_view json);

/// The struct in a JSON document. Unknown fields are ignored, null is absence.
/// @errors invalid, with the path: "spec.ports[1].port: 70000 is not in 1–65535"
template <class T>
Result<T> decode(const boost::json::value& document);
template <class T>
Result<T> decode(std::string_view json);

/// JSON text. A top-level kind begins with its kind and apiVersion. Absent and zero fields are left
/// out, but for those whose absence differs from zero (std::optional and Box with a value) and
/// those the API always writes.
template <class T>
std::string encode(const T& object);

}  // namespace nodal::codec
