// api-client/codec/codec.h — JSON ↔ generated structs. A generated struct T carries its table,
// `T::kCodec`; one reader and one writer interpret it.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::codec {

struct Message;

/// Limits of every JSON text that comes from outside (SECURITY 24).
inline constexpr std::size_t kMaxJsonBytes = 64u << 20;
inline constexpr std::size_t kMaxJsonDepth = 64;
/// Of what an API server answers: it puts the owners of an object's fields into the object, which
/// nest five levels deeper than the fields, and objects into lists and events.
inline constexpr std::size_t kMaxAnswerDepth = kMaxJsonDepth + 16;

/// Parses JSON with the limits above; duplicate keys: the last wins.
/// @errors invalid, with line and column
Result<boost::json::value> parse(std::string_view json);
/// The same of an API server's answer.
Result<boost::json::value> parse_answer(std::string_view json);

/// JSON text without blanks, numbers as the API writes them ("1.5", not "1.5E0").
std::string to_text(const boost::json::value& document);
/// Appends a JSON string; what is not UTF-8 becomes U+FFFD.
void append_string(std::string& out, std::string_view text);

namespace detail {
Result<> decode_into(const Message& message, void* object, const boost::json::value& document);
Result<> decode_into(const Message& message, void* object, std::string_view json);
std::string encode(const Message& message, const void* object);
}  // namespace detail

/// The struct in a JSON document, or in a text as parse_answer() takes it. Unknown fields are
/// ignored, null is absence.
/// @errors invalid, with the path: "spec.ports[1].port: expected a number, got string"
template <class T>
Result<T> decode(const boost::json::value& document) {
  Result<T> out{std::in_place};
  if (auto done = detail::decode_into(T::kCodec, &*out, document); !done)
    out = std::unexpected(std::move(done).error());
  return out;
}
template <class T>
Result<T> decode(std::string_view json) {
  Result<T> out{std::in_place};
  if (auto done = detail::decode_into(T::kCodec, &*out, json); !done)
    out = std::unexpected(std::move(done).error());
  return out;
}
// A literal would convert to a document as well.
template <class T>
Result<T> decode(const char* json) {
  return decode<T>(std::string_view(json));
}
template <class T>
Result<T> decode(const std::string& json) {
  return decode<T>(std::string_view(json));
}

/// JSON text. A top-level kind begins with its kind and apiVersion. Absent and zero fields are left
/// out, but for those whose absence differs from zero (std::optional and Box with a value) and
/// those the API always writes.
template <class T>
std::string encode(const T& object) {
  return detail::encode(T::kCodec, &object);
}

}  // namespace nodal::codec
