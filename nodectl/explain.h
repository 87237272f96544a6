// nodectl/explain.h — what a kind and its fields are, from the schema. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api-client/codec/schema.h"
#include "base/result.h"

namespace nodal::nodectl {

/// @param path  "spec.containers", "" for the kind itself
/// @errors not_found: no such field
Result<std::string> explain_text(const schema::Resource& kind, std::string_view path,
                                 bool recursive);

}  // namespace nodal::nodectl
