// master/api/documents.h — request bodies → documents that may be stored: decode, prune, default,
// validate, patch.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/schema.h"
#include "master/api/media.h"
#include "master/registry/api_error.h"

namespace nodal::master {

/// What becomes of fields that the schema does not know.
enum class FieldValidation { ignore, warn, strict };

/// One problem per warning; they become Warning headers.
using Warnings = std::vector<std::string>;

/// What a body must be, where it says so; an empty version matches any.
struct Expected {
  std::string_view group, version, kind;
  const schema::Type* type = nullptr;
};
Expected expected_of(const schema::Resource& resource);

/// Decodes an object of that type out of a body: JSON, YAML or protobuf; prunes it; checks the
/// types of its fields.
/// @errors 400 with the position, or the field of the wrong type; 400 for unknown and duplicate
/// fields when strict
Answer<boost::json::object> decode_body(std::string_view body, BodyType type,
                                        const Expected& expected, FieldValidation validation,
                                        Warnings& warnings);

/// Puts in what a document of the kind has when it does not say: the descriptor's defaults, then
/// those that depend on other fields.
void fill_defaults(const schema::Resource& resource, boost::json::object& object);

/// Defaults, then the rules for a new object. The metadata is complete but for what stamp_new()
/// fills.
/// @errors 422
Answer<> prepare_new(const schema::Resource& resource, boost::json::object& object);
/// The rules for a change: carries over what may not change here, defaults, validates.
/// @param subresource  "", "status", or that of a SpecPart
Answer<> prepare_change(const schema::Resource& resource, std::string_view subresource,
                        boost::json::object& object, const boost::json::object& old);

/// The object after the patch; decoded and pruned like a body.
/// @errors 400 for a malformed patch, 422 for one that does not apply
Answer<boost::json::object> apply_patch(const Expected& expected, const boost::json::object& object,
                                        std::string_view patch, BodyType type,
                                        FieldValidation validation, Warnings& warnings);

}  // namespace nodal::master
