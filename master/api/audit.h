// master/api/audit.h — who did what: which requests are told, and how. Pure.
#pragma once

#include <string>

#include "base/clock.h"
#include "master/api/api.h"

namespace nodal::master {

/// Everything that changes something, opens a stream into a container, reads a Secret or asks for a
/// token, and whatever was refused with 401 or 403. Not the heartbeats of the machinery: Events,
/// Leases, and the status that nodes and controllers report.
bool is_audited(const Call& call, int status);

/// One line of JSON: an Event of audit.k8s.io/v1 at level Metadata, stage ResponseComplete. Bodies
/// and headers never get into it.
/// @source audit.k8s.io/v1; SECURITY 33, 34
std::string audit_line(const Call& call, int status, TimePoint now);

}  // namespace nodal::master
