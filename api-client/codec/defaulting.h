// api-client/codec/defaulting.h — fills in what a document leaves out and its type has a default
// for.
#pragma once

#include <boost/json/fwd.hpp>

#include "api-client/codec/schema.h"

namespace nodal::codec {

/// "" and 0 of a field that is not nullable count as left out, as they do for Go's clients, which
/// send neither.
/// The document is pruned: every value has the kind its field says.
/// @source API conventions, "Optional vs. Required"
void fill_defaults(boost::json::object& object, const schema::Type& type);

}  // namespace nodal::codec
