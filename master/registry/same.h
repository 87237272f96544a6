// master/registry/same.h — whether two documents are equal.
#pragma once

#include <boost/json/fwd.hpp>

namespace nodal::master {

/// As operator== of the values. Several times as fast where members stand in the same order, as
/// they do in two states of one object: no name is looked up.
bool same(const boost::json::value& a, const boost::json::value& b);

}  // namespace nodal::master
