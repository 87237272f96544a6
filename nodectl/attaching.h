// nodectl/attaching.h — this terminal as that of a container's process, and what came of the pod.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "nodectl/selection.h"
#include "nodectl/stream_client.h"

namespace nodal::nodectl {

struct Attaching {
  std::string container;  ///< "" for the default one
  bool input = false, tty = false, quiet = false;
  std::string how{};  ///< the command that attaches again, for people
  Ends ends{};
};

/// Streams to and from the pod's process until either ends.
/// @errors invalid: a completed pod, no such container; of the server
Result<int> attach(const Globals& globals, const std::string& ns, const boost::json::value& pod,
                   const Attaching& wanted);

/// exec of `command` in a container.
/// @returns the command's exit code
Result<int> execute(const Globals& globals, const std::string& ns, const boost::json::value& pod,
                    const Attaching& wanted, const std::vector<std::string>& command);

/// Where the streams of a container are opened.
/// @param verb  "exec" or "attach"
std::string stream_path(std::string_view ns, std::string_view pod, std::string_view verb,
                        std::string_view container, bool input, bool tty,
                        const std::vector<std::string>& command);

/// How a pod ended that was run for its exit code.
struct PodEnd {
  int code = 0;
  std::string message{};  ///< what is told about a code that is not 0
};
/// Pure.
/// @errors internal: it ended, but nobody says how
Result<PodEnd> end_of_pod(const boost::json::value& pod);

}  // namespace nodal::nodectl
