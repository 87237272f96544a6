// master/registry/managed/field_set.h — sets of the fields of an object, in the form in which
// metadata.managedFields keeps them. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::master::managed {

/// A tree of path elements: `f:NAME` a field or key, `k:{…}` the item of a list with those keys,
/// `v:JSON` an item of a set, `i:N` the item at an index. An element is in the set itself when it
/// holds nothing or holds ".". It is the JSON of FieldsV1 as it stands: nothing is converted
/// between the store and the operations here. Always canonical: "." alone is left out, no branch is
/// empty but an element that is in the set.
/// @source API concepts, "Server-Side Apply", managedFields
using FieldSet = boost::json::object;

/// The element is in the set itself.
bool is_member(const FieldSet& element);

/// Puts a branch under a key. `member`: the element itself is in the set too; without it an empty
/// branch is nothing and is left out.
void put(FieldSet& to, std::string_view key, FieldSet branch, bool member);

/// Adds everything that `more` has.
void add(FieldSet& to, const FieldSet& more);
/// Takes away what is in both.
void subtract(FieldSet& from, const FieldSet& what);
/// What is in both.
FieldSet common(const FieldSet& a, const FieldSet& b);

/// A set that a client sent, made canonical.
/// @errors invalid: no object, more than 64 levels or 20,000 elements, an element of an unknown
///         form
Result<FieldSet> parse_field_set(const boost::json::value& fields_v1);

/// The paths for people: `.spec.template.spec.containers[name="web"].image`.
std::vector<std::string> paths(const FieldSet& set);

/// The element of a list item with these keys, in any order: `k:{"containerPort":80,…}`.
std::string keyed_element(std::vector<std::pair<std::string_view, const boost::json::value*>> keys);
/// The element of an item of a set: `v:"x"`.
std::string value_element(const boost::json::value& item);

}  // namespace nodal::master::managed
