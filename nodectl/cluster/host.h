// nodectl/cluster/host.h — what a host must have, what it has, and what a cluster left on it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "nodectl/cluster/layout.h"

namespace nodal::nodectl {

/// One thing that was looked at.
struct Finding {
  bool good = true;
  std::string what;    ///< "Docker answers on /var/run/docker.sock"
  std::string remedy;  ///< what to do, when not good
};

/// Root, kernel features, programs, the Docker socket, free ports.
std::vector<Finding> examine(const Layout& layout, const Settings& settings);

/// The address by which other hosts reach this one: of the interface with the default route, else
/// the first that is not lo's.
Result<std::string> own_address();

/// True when a Docker answers on the socket.
bool docker_answers(const std::string& socket);
/// Starts Docker: by systemd where that runs, else containerd and dockerd themselves.
/// @errors not_found when it is not installed; timed_out when it does not answer
Result<> start_docker(const Settings& settings);

/// Removes containers of pods, links, the tables, addresses, routes, mounts, state. Everything that
/// is there is tried; the first error is told.
Result<> clean(const Layout& layout, const Settings& settings);

}  // namespace nodal::nodectl
