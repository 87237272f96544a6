// nodectl/last_applied.h — the annotation by which the next `apply` knows what this one wanted.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace nodal::nodectl {

constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/// "" when there is none.
std::string last_applied(const boost::json::value& object);
/// As kubectl writes it, to the byte: names in order, one line, a line break at the end. Then what
/// one of the two programs applied, the other finds unchanged.
void set_last_applied(boost::json::object& object);

}  // namespace nodal::nodectl
