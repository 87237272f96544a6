// nodectl/describe/endpoints.h — the endpoints behind a port of a Service, in one line.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

namespace nodal::nodectl {

/// "10.244.0.9:80,10.244.0.10:80 + 2 more..."; "" when the Service has none,
/// "<none>" when it has no EndpointSlice either.
std::string endpoints_of_port(const boost::json::array& slices, std::string_view service,
                              std::string_view port);

}  // namespace nodal::nodectl
