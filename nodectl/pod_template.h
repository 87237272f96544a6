// nodectl/pod_template.h — changes of the containers of a pod or of a pod template. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

/// The pod's spec in a Pod or in what has a template; null for other kinds.
boost::json::object* pod_spec(boost::json::object& object);

/// @param images  "name=image", "*=image"
/// @errors not_found: no container of that name
Result<> set_images(boost::json::object& spec, const std::vector<std::string>& images);

/// @param changes     "NAME=value" and "NAME-"
/// @param containers  "*" or a name
/// @errors not_found: no such container
Result<> set_environment(boost::json::object& spec, const std::vector<std::string>& changes,
                         std::string_view container);
/// The variable that a key of a ConfigMap becomes: "ca.crt" → "CA_CRT".
std::string variable_name(std::string_view prefix, std::string_view key);
/// Adds a variable that reads a key: the source is "configMapKeyRef" or "secretKeyRef".
Result<> set_environment_from(boost::json::object& spec, std::string_view source,
                              std::string_view object, const std::vector<std::string>& keys,
                              std::string_view prefix, std::string_view container);

/// @param limits  "cpu=1,memory=64Mi"; "" leaves them
/// @errors not_found, invalid
Result<> set_resources(boost::json::object& spec, std::string_view requests,
                       std::string_view limits, std::string_view container);

}  // namespace nodal::nodectl
