// master/api/table.h — server-side printing: documents → meta.k8s.io/v1 Table, with Kubernetes' own
// columns and cells.
#pragma once

#include <boost/json/fwd.hpp>
#include <span>
#include <string>

#include "api-client/codec/schema.h"
#include "base/clock.h"

namespace nodal::master {

enum class IncludeObject { none, metadata, object };

/// "columnDefinitions" of a kind, as a JSON array's text (constant per kind).
const std::string& column_definitions(const schema::Resource& resource);

/// One row {"cells":[…],"conditions"?,"object":…} appended to `out` as JSON text. Pure: `now` gives
/// the ages.
void append_row(const schema::Resource& resource, const boost::json::object& object, TimePoint now,
                IncludeObject include, std::string& out);

}  // namespace nodal::master
