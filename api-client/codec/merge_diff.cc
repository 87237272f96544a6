// api-client/codec/merge_diff.cc — see merge_diff.h.
#include "api-client/codec/merge_diff.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api-client/codec/codec.h"

namespace nodal::codec {
namespace {

namespace json = boost::json;

// Documents come from codec::parse, which bounds their depth.
json::object difference(const json::object& before, const json::object& after) {
  json::object out;
  for (const auto& [key, value] : before)
    if (!after.contains(key)) out[key] = nullptr;
  for (const auto& [key, value] : after) {
    const auto* old = before.if_contains(key);
    if (old == nullptr) {
      out[key] = value;
    } else if (old->is_object() && value.is_object()) {
      auto inner = difference(old->get_object(), value.get_object());
      if (!inner.empty()) out[key] = std::move(inner);
    } else if (*old != value) {
      out[key] = value;
    }
  }
  return out;
}

}  // namespace

Result<std::string> merge_diff(std::string_view before, std::string_view after) {
  const auto old = NODAL_TRY(parse(before));
  const auto next = NODAL_TRY(parse(after));
  if (!old.is_object() || !next.is_object())
    return fail(Errc::invalid, "a merge patch is made between two objects");
  return json::serialize(difference(old.get_object(), next.get_object()));
}

}  // namespace nodal::codec
