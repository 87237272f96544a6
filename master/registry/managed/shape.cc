// master/registry/managed/shape.cc — see shape.h.
#include "master/registry/managed/shape.h"

#include <deque>

#include "base/text.h"

namespace nodal::master::managed {
namespace json = boost::json;
namespace {

using schema::Kind;

// `missing` gets the first key that is neither there nor has a default.
std::string element(const json::value& item, const Place& place, std::string_view& missing) {
  if (place.shape == Shape::set) return value_element(item);
  const auto* object = item.if_object();
  std::vector<std::pair<std::string_view, const json::value*>> keys;
  std::deque<json::value> defaults;
  for (const auto key : place.field->list_map_keys) {
    if (const auto* value = object ? object->if_contains(key) : nullptr) {
      keys.emplace_back(key, value);
      continue;
    }
    const auto* field = place.type ? place.type->find(key) : nullptr;
    if (field && !field->default_json.empty()) {
      boost::system::error_code error;
      auto value = json::parse({field->default_json.data(), field->default_json.size()}, error);
      if (!error) {
        defaults.push_back(std::move(value));
        keys.emplace_back(key, &defaults.back());
        continue;
      }
    }
    if (missing.empty()) missing = key;
  }
  return keyed_element(std::move(keys));
}

}  // namespace

Place Place::of(const schema::Field& field) {
  Place out{Shape::whole, field.type, &field};
  if (field.kind == Kind::object && field.type && !field.type->atomic && !field.map_atomic)
    out.shape = Shape::fields;
  else if (field.kind == Kind::map && !field.map_atomic)
    out.shape = Shape::keys;
  else if (field.kind == Kind::array && field.list_type == schema::ListType::set)
    out.shape = Shape::set;
  else if (field.kind == Kind::array && field.list_type == schema::ListType::map)
    out.shape = Shape::items;
  return out;
}

Place Place::element() const {
  const bool objects = field && field->element == Kind::object && type && !type->atomic &&
                       shape != Shape::set && shape != Shape::whole;
  return {objects ? Shape::fields : Shape::whole, type, nullptr};
}

Place Place::inner(std::string_view name) const {
  if (shape == Shape::keys) return element();
  const auto* found = shape == Shape::fields && type ? type->find(name) : nullptr;
  return found ? of(*found) : Place{};
}

Place Place::step(std::string_view path_element) const {
  if (path_element.starts_with("f:")) return inner(path_element.substr(2));
  return shape == Shape::items || shape == Shape::set ? element() : Place{};
}

bool fits(const json::value& value, Shape shape) {
  switch (shape) {
    case Shape::whole:
      return true;
    case Shape::fields:
    case Shape::keys:
      return value.is_object();
    case Shape::set:
    case Shape::items:
      return value.is_array();
  }
  return false;
}

Result<std::string> element_of(const json::value& item, const Place& place) {
  std::string_view missing;
  std::string out = element(item, place, missing);
  if (!missing.empty())
    return fail(Errc::invalid,
                text::cat("associative list with keys has an element that omits key field \"",
                          missing, "\" (and doesn't have default value)"));
  return out;
}

std::string element_of_stored(const json::value& item, const Place& place) {
  std::string_view missing;
  return element(item, place, missing);
}

}  // namespace nodal::master::managed
