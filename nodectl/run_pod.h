// nodectl/run_pod.h — the pod, and the Service before it, that `run` makes of its flags. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct PodWanted {
  std::string name, image, restart = "Always", labels, pull_policy;
  std::vector<std::string> words, env, annotations;
  std::optional<std::int64_t> port;
  std::string overrides, override_type = "merge";
  bool words_are_command = false, input = false, input_stays_open = false, tty = false,
       privileged = false;
};

/// @errors invalid: a flag's value that does not fit, overrides that do not apply
Result<boost::json::object> pod_of(const PodWanted& wanted);

/// The ClusterIP Service of --expose.
boost::json::object service_of(const PodWanted& wanted, const boost::json::object& pod);

}  // namespace nodal::nodectl
