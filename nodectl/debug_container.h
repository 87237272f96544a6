// nodectl/debug_container.h — the container that `debug` adds to a pod, and how it fares. Pure but
// for the name it makes up.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct DebugWanted {
  std::string name, image, target, pull_policy;
  std::vector<std::string> words, env;
  bool words_are_arguments = false, input = false, tty = false;
};

/// "debugger-x7k2p"
std::string debugger_name();

/// The change of the pod's ephemeral containers, a strategic patch.
/// @errors invalid: a variable that is none
Result<boost::json::object> debug_patch(const DebugWanted& wanted);

enum class Debugging { waits, runs, over };
/// What the pod's status says of that ephemeral container.
Debugging progress_of(const boost::json::value& pod, const std::string& container);

}  // namespace nodal::nodectl
