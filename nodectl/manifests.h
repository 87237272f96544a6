// nodectl/manifests.h — files of objects: read, and turned into what must be sent.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "api-client/codec/schema.h"
#include "base/result.h"

namespace nodal::nodectl {

struct Manifest {
  std::string api_version, kind, ns;
  std::string name;  ///< "" when the object has a generateName instead
  boost::json::object object;
  std::string source;  ///< "web.yaml, document 2"
  std::string file;    ///< "web.yaml", "STDIN"
};

/// What files hold.
struct Manifests {
  std::vector<Manifest> objects;
  std::vector<Error> bad;  ///< documents that are none: the file, and what is wrong
};

/// The objects of files, of the .yaml, .yml and .json files of folders, and of standard input
/// ("-"). Lists are taken apart. A bad document keeps no other back.
/// @errors not_found: a path; what keeps a file from being read
/// @param recursive  with the folders inside of folders
Result<Manifests> read_manifests(const std::vector<std::string>& files, bool recursive = false);

/// The strategic merge patch that applies `wanted`, given what was applied last and what is there
/// now: fields that were applied and are not wanted any more go; list elements by their merge keys.
/// "{}": nothing to do. Pure.
/// @param type  null for a kind that is not known here: lists are then replaced whole
boost::json::object apply_patch(const boost::json::object& last, const boost::json::object& wanted,
                                const boost::json::object& live, const schema::Type* type);

/// With four blanks a level and names in order, as kubectl prints JSON.
std::string pretty_json(const boost::json::value& value);
/// In one line, names in order.
std::string sorted_json(const boost::json::value& value);

}  // namespace nodal::nodectl
