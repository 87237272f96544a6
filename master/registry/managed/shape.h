// master/registry/managed/shape.h — how the parts of a document are owned: as a whole or one by
// one, by the list types of its schema. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api-client/codec/schema.h"
#include "base/result.h"
#include "master/registry/managed/field_set.h"

namespace nodal::master::managed {

enum class Shape {
  whole,   ///< a plain value, or what has one owner however much it holds
  fields,  ///< an object, field by field
  keys,    ///< a map, key by key
  set,     ///< a list of plain values, one by one
  items    ///< a list of objects that keys tell apart
};

/// One place in a document.
struct Place {
  Shape shape = Shape::whole;
  const schema::Type* type = nullptr;    ///< of fields; of the elements of items and keys
  const schema::Field* field = nullptr;  ///< null at the top and for elements

  static Place top(const schema::Type& type) { return {Shape::fields, &type, nullptr}; }
  static Place of(const schema::Field& field);
  /// Of a key of a map, or an item of a list.
  [[nodiscard]] Place element() const;
  /// Of the field or key of that name; whole when the schema does not know it.
  [[nodiscard]] Place inner(std::string_view name) const;
  /// What a path element leads to.
  [[nodiscard]] Place step(std::string_view element) const;
};

/// The value has the JSON type that the shape needs; another one is treated as whole.
bool fits(const boost::json::value& value, Shape shape);

/// The path element of an item of `place`, a set or a list of items. Keys that the item does not
/// have take their default.
/// @errors invalid: a key is missing and has no default
Result<std::string> element_of(const boost::json::value& item, const Place& place);
/// The same where nothing may fail: missing keys are left out.
std::string element_of_stored(const boost::json::value& item, const Place& place);

}  // namespace nodal::master::managed
