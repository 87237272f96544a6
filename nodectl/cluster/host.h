// nodectl/cluster/host.h — what a host must have, and what it has.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "nodectl/cluster/layout.h"
#include "nodectl/cluster/parts.h"

namespace nodal::nodectl {

/// One thing that was looked at.
struct Finding {
  bool good = true;
  std::string what;    ///< "Docker answers on /var/run/docker.sock"
  std::string remedy;  ///< what to do, when not good
};

/// Kernel features, programs, the Docker socket, free ports.
/// @param running  parts that run have their ports already
std::vector<Finding> examine(const Layout& layout, const Settings& settings,
                             const std::vector<PartState>& running);

/// The address by which other hosts reach this one: of the interface with the default route, else
/// the first that is not lo's.
Result<std::string> own_address();

/// @errors forbidden, with why, to whoever is not root
Result<> need_root(std::string_view why);

/// True when a GET is answered with 200 on a unix socket.
bool answers(const std::string& socket, const std::string& path);
/// True when a Docker answers on the socket.
bool docker_answers(const std::string& socket);
/// Starts Docker: by systemd where that runs, else containerd and dockerd themselves.
/// @errors not_found when it is not installed; timed_out when it does not answer
Result<> start_docker(const Layout& layout, const Settings& settings);

}  // namespace nodal::nodectl
