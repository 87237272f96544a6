// api-client/codec/pruning.h — makes a document fit its type: unknown fields go, wrong types are
// errors.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/schema.h"
#include "base/result.h"

namespace nodal::codec {

/// Drops fields the type does not know and nulls (null is absence, between other items the zero
/// value). kind and apiVersion stay at the top. Quantities and times get the one text that their
/// value has, so that equal values are no change.
/// @param unknown  gets the paths of dropped unknown fields, at most 64:
/// "spec.template.spec.containers[0].imag"
/// @errors invalid: "json: cannot unmarshal string into Go struct field
/// DeploymentSpec.spec.replicas of type int32"
Result<> prune(boost::json::object& object, const schema::Type& type,
               std::vector<std::string>& unknown);

/// Paths of the keys that occur twice in one object, at most 64. `json` must be well-formed.
std::vector<std::string> duplicate_fields(std::string_view json);

}  // namespace nodal::codec
