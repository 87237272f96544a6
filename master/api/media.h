// master/api/media.h — what a client accepts and what it sends. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nodal::master {

/// The form of an answer that holds objects: whole, as rows, or their metadata alone.
enum class Form { json, table, metadata };

/// The first clause of an Accept header that can be served; "" accepts everything. Nothing: 406.
/// @param whole_only  the answer is about no stored object, and has no rows and no metadata
std::optional<Form> negotiate(std::string_view accept, bool whole_only = false);

/// The first clause that asks for aggregated discovery: "v2" or "v2beta1"; "" when plain JSON comes
/// first. Nothing: 406.
std::optional<std::string_view> negotiate_discovery(std::string_view accept);

/// How a request body is written.
enum class BodyType {
  json,
  yaml,
  protobuf,
  json_patch,
  merge_patch,
  strategic_merge_patch,
  apply_patch
};

/// An absent Content-Type is JSON. Nothing: 415.
std::optional<BodyType> body_type(std::string_view content_type);

}  // namespace nodal::master
