// base/http/listen.h — sockets to listen on, and who is at the other end.
#pragma once

#include <string>

#include "base/handle.h"
#include "base/net/address.h"
#include "base/result.h"

struct sockaddr_storage;

namespace nodal::http {

/// @errors unavailable: the address is in use, or not this machine's
Result<UniqueFd> listen_tcp(const net::SocketAddress& address);
/// Mode 0600; a stale socket is replaced. @errors unavailable: another process serves it; invalid:
/// no path for a socket
Result<UniqueFd> listen_unix(const std::string& path);

/// The port that a listening socket was given.
int bound_port(int fd);
/// "10.0.0.1:443", or "unix".
std::string address_text(const sockaddr_storage& storage);
/// Small answers at once, and dead peers found within two minutes.
void tune_tcp(int fd);

}  // namespace nodal::http
