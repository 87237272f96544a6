// nodectl/describe/parts.h — lines that the pages of many kinds share.
#pragma once

#include <boost/json/fwd.hpp>

#include "nodectl/describe/describe.h"
#include "nodectl/describe/page.h"

namespace nodal::nodectl {

/// Name, namespace (of what has one), labels, annotations.
void describe_head(Page& page, const boost::json::value& object);
/// "Controlled By:  Deployment/web"; nothing for what nobody controls.
void describe_controller(Page& page, const boost::json::value& object);
/// "Conditions:" with type, status and reason.
void describe_conditions(Page& page, const boost::json::array& conditions);
/// The events, oldest first.
void describe_events(Page& page, const Related& related);

}  // namespace nodal::nodectl
