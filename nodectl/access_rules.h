// nodectl/access_rules.h — what somebody may do, as `auth can-i --list` shows it.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace nodal::nodectl {

/// Lines of cells that end in tabs: resources, other URLs, names, verbs. A line is about one
/// resource, its verbs put together from all rules of it, the lines sorted by verbs. Pure.
/// @param review  a SelfSubjectRulesReview with its status
std::string access_rules(const boost::json::value& review);

/// True for the verbs that the API itself knows. Pure.
bool is_known_verb(std::string_view verb);

}  // namespace nodal::nodectl
