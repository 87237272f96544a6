// master/registry/allocate/families.h — the IP families of a Service in a cluster that has one.
// Pure.
#pragma once

#include <boost/json/fwd.hpp>

#include "master/registry/strategy.h"

namespace nodal::master {

/// Fills ipFamilyPolicy and ipFamilies, and says what a cluster with one range cannot give: a
/// second address, another family, a clusterIP that is not the first of the clusterIPs.
/// @param v6  the family of the cluster's range
/// @source Service API reference; REQUIREMENTS of validation (wording)
void settle_families(boost::json::object& spec, bool v6, FieldErrors& errors);

}  // namespace nodal::master
