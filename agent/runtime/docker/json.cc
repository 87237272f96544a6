// agent/runtime/docker/json.cc — Boost.JSON with limits; exceptions end here.
#include "agent/runtime/docker/json.h"

#include "base/text.h"

namespace nodal::agent::docker::json {

Result<bj::value> parse(std::string_view text, std::string_view what, std::size_t limit) {
  if (text.size() > limit)
    return fail(Errc::invalid, text::cat(what, ": larger than ", limit, " bytes"));
  bj::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  try {
    bj::value out = bj::parse({text.data(), text.size()}, error, {}, options);
    if (error) return fail(Errc::invalid, text::cat(what, ": not JSON: ", error.message()));
    return out;
  } catch (const std::exception& e) {
    return fail(Errc::invalid, text::cat(what, ": ", e.what()));
  }
}

Result<bj::object> parse_object(std::string_view text, std::string_view what, std::size_t limit) {
  auto value = NODAL_TRY(parse(text, what, limit));
  if (!value.is_object()) return fail(Errc::invalid, text::cat(what, ": not a JSON object"));
  return std::move(value.get_object());
}

Result<bj::array> parse_array(std::string_view text, std::string_view what, std::size_t limit) {
  auto value = NODAL_TRY(parse(text, what, limit));
  if (value.is_null()) return bj::array{};  // how Go writes an empty list
  if (!value.is_array()) return fail(Errc::invalid, text::cat(what, ": not a JSON list"));
  return std::move(value.get_array());
}

namespace {
const bj::value* member(const bj::object& in, std::string_view key) {
  return in.if_contains({key.data(), key.size()});
}
}  // namespace

const bj::object* object(const bj::object& in, std::string_view key) {
  const auto* v = member(in, key);
  return v ? v->if_object() : nullptr;
}

const bj::array* array(const bj::object& in, std::string_view key) {
  const auto* v = member(in, key);
  return v ? v->if_array() : nullptr;
}

std::string string(const bj::object& in, std::string_view key) {
  const auto* v = member(in, key);
  const auto* s = v ? v->if_string() : nullptr;
  return s ? std::string(s->data(), s->size()) : std::string();
}

std::int64_t integer(const bj::object& in, std::string_view key) {
  const auto* v = member(in, key);
  if (!v) return 0;
  if (const auto* i = v->if_int64()) return *i;
  if (const auto* u = v->if_uint64())
    return static_cast<std::int64_t>(std::min<std::uint64_t>(*u, INT64_MAX));
  if (const auto* d = v->if_double())
    return *d > -9.2e18 && *d < 9.2e18 ? static_cast<std::int64_t>(*d) : 0;
  return 0;
}

bool boolean(const bj::object& in, std::string_view key) {
  const auto* v = member(in, key);
  return v && v->is_bool() && v->get_bool();
}

std::vector<std::string> strings(const bj::object& in, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* a = array(in, key))
    for (const auto& v : *a)
      if (const auto* s = v.if_string()) out.emplace_back(s->data(), s->size());
  return out;
}

std::map<std::string, std::string> string_map(const bj::object& in, std::string_view key) {
  std::map<std::string, std::string> out;
  if (const auto* o = object(in, key))
    for (const auto& [k, v] : *o)
      if (const auto* s = v.if_string()) out.emplace(k, std::string(s->data(), s->size()));
  return out;
}

}  // namespace nodal::agent::docker::json
