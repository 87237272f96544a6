// agent/probe/http_probe.h — asks a container over HTTP or HTTPS.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "agent/probe/outcome.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// One GET, within `timeout` for all of it. A status from 200 to 399 succeeds. Redirects are
/// followed ten times at most and only to `ip` itself, whichever the port; one that leads elsewhere
/// ends the probe as a success with a warning. No certificate is verified; at most 10 KiB of an
/// answer are read (SECURITY 18).
/// @param ip  where to; the action's own host and port are not read
/// @source the Kubernetes documentation, "HTTP probes"
ProbeOutcome http_probe(const core_v1::HTTPGetAction& action, std::uint16_t port,
                        const std::string& ip, std::chrono::milliseconds timeout);

}  // namespace nodal::agent
