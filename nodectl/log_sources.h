// nodectl/log_sources.h — whose logs are meant. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct LogSource {
  std::string pod, container;
  std::string notice;  ///< why just this container, when there are others; "" else
};

/// The containers of a pod whose logs are shown.
/// @param container  "" for the default one: of the annotation, else the first
/// @errors invalid: no such container
Result<std::vector<LogSource>> log_sources(const boost::json::value& pod,
                                           const std::string& container, bool all);

/// The selector by which a Deployment, a ReplicaSet, a Service or a Job finds its pods; "" for
/// what has none.
std::string pod_selector(const boost::json::value& object);

/// Running and ready pods first, the youngest of them before the others.
boost::json::array by_readiness(boost::json::array pods);

}  // namespace nodal::nodectl
