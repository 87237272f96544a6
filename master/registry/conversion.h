// master/registry/conversion.h — kinds that are served in several versions or groups: one is
// stored, the others are made of it.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "api-client/codec/schema.h"

namespace nodal::master {

/// How one served version of a kind becomes the stored one, and back. All are pure, keep what they
/// do not know, and lose nothing: an object that goes through both is what it was.
struct Conversion {
  std::string_view group, version, kind;  ///< of the version that is not stored
  std::string_view stored_group;          ///< whose first version of the kind is stored
  void (*to_stored)(boost::json::object& object) = nullptr;
  void (*from_stored)(boost::json::object& object) = nullptr;
  /// What a field that selectors offer is called in the stored version; null where all are the
  /// same.
  std::string (*stored_field)(std::string_view field) = nullptr;
};

/// Null for the version that is stored.
const Conversion* conversion_for(const schema::Resource& resource);

/// The version of the kind that is stored; often the same.
const schema::Resource& stored_version(const schema::Resource& resource);

/// An object of the served version, with its own defaults, in the stored version.
boost::json::object to_stored(const schema::Resource& served, boost::json::object object);
/// A stored object in the served version.
boost::json::object from_stored(const schema::Resource& served, boost::json::object object);
/// A field of the served version, "regarding.name", as the stored one has it.
std::string stored_field(const schema::Resource& served, std::string_view field);

}  // namespace nodal::master
