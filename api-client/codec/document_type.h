// api-client/codec/document_type.h — from the kind a document names to its descriptor.
#pragma once

#include <string_view>

#include "api-client/codec/schema.h"

namespace nodal::codec {

/// The type of a kind, served or the body of a subresource (Scale, Eviction, TokenRequest).
/// DeleteOptions, Status and the other kinds of meta/v1 are found in any group, as clients send
/// them. Null when the schema has no such kind.
[[nodiscard]] const schema::Type* document_type(std::string_view group, std::string_view version,
                                                std::string_view kind);

}  // namespace nodal::codec
