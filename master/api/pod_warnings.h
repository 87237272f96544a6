// master/api/pod_warnings.h — what a pod's spec says twice. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

namespace nodal::master {

/// Variables that hide an earlier one, ports that are there already; a line each.
/// @param path  of the spec: "spec.template.spec"
/// @source the API reference, "merge by key": an apply keeps one of the items that share a key
std::vector<std::string> pod_warnings(const boost::json::object& spec, const std::string& path);

}  // namespace nodal::master
