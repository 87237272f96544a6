// master/registry/managed/merge.h — the document that an apply leaves. Pure.
#pragma once

#include <boost/json.hpp>

#include "master/registry/managed/field_set.h"
#include "master/registry/managed/shape.h"

namespace nodal::master::managed {

/// `applied` over `live` by the list types: maps and objects key by key, lists of items by their
/// keys, sets as unions, all else replaced. Items that both have stand in the order of `applied`,
/// the others where they stood; kind and apiVersion stay as they are in `live`.
boost::json::object merge(const boost::json::object& live, const boost::json::object& applied,
                          const schema::Type& type);

/// What goes: fields that `last` has, and objects around such fields, unless `owned` has them or
/// something in them. An item of a list and a key of a map stay only when they are owned
/// themselves. A field that goes is a leaf of the result. metadata never goes as a whole.
FieldSet doomed(const FieldSet& last, const FieldSet& owned, const schema::Type& type);

/// Takes the leaves of `what` out of the document, and what they leave empty.
void remove(boost::json::object& object, const FieldSet& what, const schema::Type& type);

}  // namespace nodal::master::managed
