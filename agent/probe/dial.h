// agent/probe/dial.h — a TCP connection within a time.
#pragma once

#include <chrono>
#include <expected>

#include "base/handle.h"
#include "base/net/address.h"

namespace nodal::agent {

using Deadline = std::chrono::steady_clock::time_point;

/// A connected, non-blocking socket, or the errno of why not; ETIMEDOUT after the deadline.
std::expected<UniqueFd, int> dial(const net::SocketAddress& to, Deadline deadline);

/// Waits for one of the poll events of a socket; false after the deadline.
bool wait_for(int fd, short events, Deadline deadline);

}  // namespace nodal::agent
