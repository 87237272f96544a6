// api-client/codec/defaulting.h — fills in what a document leaves out and its type has a default
// for.
#pragma once

#include <boost/json/fwd.hpp>

#include "api-client/codec/schema.h"

namespace nodal::codec {

/// The document is pruned: every value has the kind its field says.
void fill_defaults(boost::json::object& object, const schema::Type& type);

}  // namespace nodal::codec
