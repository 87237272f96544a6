// master/registry/conversion.h — kinds that are served in several versions: one is stored, the
// others are made of it.
#pragma once

#include <boost/json/fwd.hpp>

#include "api-client/codec/schema.h"

namespace nodal::master {

/// How one served version of a kind becomes the stored one, and back. Both are pure, keep what they
/// do not know, and lose nothing: an object that goes through both is what it was.
struct Conversion {
  std::string_view group, version, kind;  ///< of the version that is not stored
  void (*to_stored)(boost::json::object& object) = nullptr;
  void (*from_stored)(boost::json::object& object) = nullptr;
};

/// Null for the version that is stored, which is the first of its group in discovery.
const Conversion* conversion_for(const schema::Resource& resource);

/// The version of the kind that is stored; often the same.
const schema::Resource& stored_version(const schema::Resource& resource);

/// An object of the served version, with its own defaults, in the stored version.
boost::json::object to_stored(const schema::Resource& served, boost::json::object object);
/// A stored object in the served version.
boost::json::object from_stored(const schema::Resource& served, boost::json::object object);

}  // namespace nodal::master
