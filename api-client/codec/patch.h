// api-client/codec/patch.h — the three patches of the API as pure functions on documents.
#pragma once

#include <boost/json/fwd.hpp>

#include "api-client/codec/schema.h"
#include "base/result.h"

namespace nodal::codec {

/// RFC 7386.
boost::json::value merge_patch(boost::json::value target, const boost::json::value& patch);

/// RFC 6902; at most 10,000 operations.
/// @errors invalid, naming the operation that does not apply
Result<boost::json::value> json_patch(boost::json::value target, const boost::json::value& patch);

/// Strategic merge patch by the merge keys of the type.
/// @errors invalid: an element without its merge key, a directive of the wrong form, an order list
/// that does not fit
/// @source REQUIREMENTS of the API, section 7.2
Result<boost::json::object> strategic_merge_patch(boost::json::object target,
                                                  const boost::json::object& patch,
                                                  const schema::Type& type);

}  // namespace nodal::codec
