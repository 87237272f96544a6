// api-client/codec/protobuf.h — Kubernetes' protobuf encoding → JSON documents. Only decodes: every
// client that sends protobuf also reads JSON.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "api-client/codec/schema.h"
#include "base/result.h"

namespace nodal::codec {

/// Limits of every protobuf message that comes from outside (SECURITY 24). The count bounds memory:
/// two bytes on the wire can become a whole JSON value.
inline constexpr std::size_t kMaxProtobufBytes = 3u << 20;
inline constexpr std::size_t kMaxProtobufValues = 200'000;

/// runtime.Unknown: the wrapper around every object on the wire. The views point into the decoded
/// bytes.
struct ProtobufEnvelope {
  std::string_view api_version;  ///< "apps/v1"
  std::string_view kind;
  std::string_view raw;  ///< the object itself
};

/// Whether the bytes begin like a wrapped object ("k8s\0").
[[nodiscard]] bool is_protobuf(std::string_view bytes);

/// Opens the wrapper without looking at the object.
/// @errors invalid when it is no such wrapper, or the object in it is encoded in a further way
Result<ProtobufEnvelope> open_protobuf(std::string_view bytes);

/// The message as its JSON document. Zero values of fields that JSON leaves out are left out; those
/// of pointers and of required fields stay. Unknown fields are skipped.
/// @errors invalid, with the path: "spec.containers[0].name: is not a string on the wire"
/// @source REQUIREMENTS of the API, section 3.2
Result<boost::json::object> decode_message(std::string_view bytes, const schema::Type& type);

/// The wrapped object as its JSON document, which begins with kind and apiVersion. The schema names
/// the kinds: those that are served and the bodies of their subresources.
/// @errors invalid for malformed bytes; not_found for a kind that the schema does not have
Result<boost::json::object> decode_protobuf(std::string_view bytes);

}  // namespace nodal::codec
