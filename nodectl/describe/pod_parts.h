// nodectl/describe/pod_parts.h — what pods and the templates of pods share on a page.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "nodectl/describe/page.h"

namespace nodal::nodectl {

/// "Containers:" or "Init Containers:" with all that is said of each.
/// @param statuses  empty for a template
/// @param pod       null for a template: what only a pod knows is then left open
void describe_containers(Page& page, std::string_view title, const boost::json::array& containers,
                         const boost::json::array& statuses, const boost::json::value* pod,
                         std::string_view indent);
void describe_volumes(Page& page, const boost::json::array& volumes, std::string_view indent);
void describe_tolerations(Page& page, const boost::json::array& tolerations,
                          std::string_view indent);
/// Nothing for none.
void describe_spread(Page& page, const boost::json::array& constraints, std::string_view indent);
void describe_template(Page& page, const boost::json::value& pod_template);

/// "http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3"
std::string probe_text(const boost::json::value& probe);

}  // namespace nodal::nodectl
