// api-client/codec/openapi.h — OpenAPI documents made from the descriptors. Pure; a document is
// some hundred KiB, so the caller makes it when it is asked for and keeps no more than its hash.
#pragma once

#include <string>
#include <string_view>

namespace nodal::codec {

/// GET /openapi/v3: where the document of each group and version is, with its hash in the address,
/// so that clients may cache it for ever.
[[nodiscard]] std::string openapi_v3_index();

/// GET /openapi/v3/api/v1 and /openapi/v3/apis/GROUP/VERSION: JSON with the paths and schemas of
/// one group and version. Empty when no kind of the group and version is served.
[[nodiscard]] std::string openapi_v3(std::string_view group, std::string_view version);

/// GET /openapi/v2: all paths and definitions as a gnostic openapi.v2 Document in protobuf.
/// @source REQUIREMENTS of the API, annex D
[[nodiscard]] std::string openapi_v2();

/// A short text that changes with the document: the hash of the index, and good for an ETag.
[[nodiscard]] std::string openapi_hash(std::string_view document);

}  // namespace nodal::codec
