// master/registry/managed/fields.h — which fields a document has, and in which two differ. Pure.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "base/result.h"
#include "master/registry/managed/field_set.h"
#include "master/registry/managed/shape.h"

namespace nodal::master::managed {

/// What an applied document names: its plain values, items and keys; not the objects around them.
/// Without what nobody owns (see strip()).
/// @errors invalid, with the path: two items of a list with the same keys, an item without a key
Result<FieldSet> fields_of(const boost::json::object& object, const schema::Type& type);

/// What a write did.
struct Difference {
  FieldSet changed;  ///< added, or of another value
  FieldSet removed;
};
/// Both documents have their defaults. Objects that the API always has (no pointer in Go) are
/// never added or removed, only what is in them; of anything else that comes or goes as a whole the
/// object around counts as well. Without what nobody owns.
/// @source API concepts, "Server-Side Apply", field management
Difference difference(const boost::json::object& before, const boost::json::object& after,
                      const schema::Type& type);

/// Takes out what nobody owns: kind, apiVersion and what the server keeps in metadata.
void strip(FieldSet& set);

}  // namespace nodal::master::managed
