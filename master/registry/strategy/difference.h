// master/registry/strategy/difference.h — what differs between two states of an object, for people.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

namespace nodal::master {

/// "- " and "+ " lines of the fields that differ, as a diff has them; at most a page of it.
/// @param type  what the two are: "core.PodSpec"
std::string difference(std::string_view type, const boost::json::object& before,
                       const boost::json::object& now);

}  // namespace nodal::master
