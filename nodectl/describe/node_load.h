// nodectl/describe/node_load.h — the pods of a node, and what they ask for of what it has.
#pragma once

#include "nodectl/describe/describe.h"
#include "nodectl/describe/page.h"

namespace nodal::nodectl {

void describe_load(Page& page, const boost::json::value& node, const Related& related);

}  // namespace nodal::nodectl
