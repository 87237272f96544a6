// master/registry/validation.h — what the descriptor of a kind and the rules of metadata say about
// a document. Pure.
#pragma once

#include <boost/json/fwd.hpp>

#include "api-client/codec/schema.h"
#include "master/registry/strategy.h"

namespace nodal::master {

/// Required fields, enums, ranges, formats, lengths; not the metadata. That items of a list may not
/// be twice in it is a rule of some kinds (strategy/): most lists may, only an apply is refused.
void validate_fields(const boost::json::object& object, const schema::Type& type,
                     FieldErrors& errors);
/// Fields that the descriptor says do not change.
void validate_immutable(const boost::json::object& object, const boost::json::object& old,
                        const schema::Type& type, FieldErrors& errors);
/// Name, labels, annotations, owner references, finalizers.
void validate_metadata(const schema::Resource& resource, const boost::json::object& object,
                       FieldErrors& errors);

}  // namespace nodal::master
