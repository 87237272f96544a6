// api-client/codec/defaulting.cc — see defaulting.h.
#include "api-client/codec/defaulting.h"

#include <boost/json.hpp>

namespace nodal::codec {
namespace json = boost::json;
namespace {

// Left out, or the zero value of a field that cannot tell that from absence: type: "",
// periodSeconds: 0.
bool is_absent(const json::value* value, const schema::Field& field) {
  if (!value || value->is_null()) return true;
  if (field.pointer) return false;
  if (const auto* text = value->if_string()) return text->empty();
  if (const auto* number = value->if_int64()) return *number == 0;
  if (const auto* number = value->if_uint64()) return *number == 0;
  return false;
}

}  // namespace

void fill_defaults(json::object& object, const schema::Type& type) {
  for (const schema::Field& field : type.fields) {
    if (field.spliced) continue;
    auto* value = object.if_contains(field.name);
    if (!field.default_json.empty() && is_absent(value, field)) {
      boost::system::error_code error;
      auto parsed = json::parse(field.default_json, error);
      if (error) continue;
      value = &(object[field.name] = std::move(parsed));
    }
    if (!value || !field.type) continue;
    if (field.kind == schema::Kind::object) {
      if (auto* inner = value->if_object()) fill_defaults(*inner, *field.type);
    } else if (field.kind == schema::Kind::array && field.element == schema::Kind::object) {
      if (auto* list = value->if_array())
        for (auto& item : *list)
          if (auto* inner = item.if_object()) fill_defaults(*inner, *field.type);
    } else if (field.kind == schema::Kind::map && field.element == schema::Kind::object) {
      if (auto* map = value->if_object())
        for (auto& member : *map)
          if (auto* inner = member.value().if_object()) fill_defaults(*inner, *field.type);
    }
  }
}

}  // namespace nodal::codec
