// nodectl/document.h — reading JSON documents of any kind by path; what is absent reads as empty.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nodal::nodectl {

// Paths are names joined by dots, "spec.template.metadata"; names that hold dots themselves
// (labels, keys of ConfigMaps) are members of object_at().

/// Null when there is no such member.
const boost::json::value* find(const boost::json::value& document, std::string_view path);
/// A string as it is, numbers and booleans as text, else "".
std::string text_at(const boost::json::value& document, std::string_view path);
std::int64_t int_at(const boost::json::value& document, std::string_view path,
                    std::int64_t absent = 0);
bool bool_at(const boost::json::value& document, std::string_view path, bool absent = false);
/// Empty ones when there is no such member.
const boost::json::array& list_at(const boost::json::value& document, std::string_view path);
const boost::json::object& object_at(const boost::json::value& document, std::string_view path);
/// The members' names, sorted.
std::vector<std::string> keys_of(const boost::json::object& object);
/// As text_at, of the value itself; lists and objects as JSON.
std::string text_of(const boost::json::value& value);
/// Makes objects on the way where there are none.
boost::json::object& make_object(boost::json::object& parent, std::string_view path);

/// "key=value,key2=value2", sorted; "" for none.
std::string label_text(const boost::json::object& labels);
/// A LabelSelector as the query parameter takes it: "app=web,tier in (a,b),!old".
std::string selector_text(const boost::json::value& selector);

}  // namespace nodal::nodectl
