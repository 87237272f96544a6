// nodectl/stream_client.h — the client's end of exec, attach and port-forward.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/http/connection.h"
#include "base/result.h"
#include "nodectl/context.h"

namespace nodal::nodectl {

/// Opens a WebSocket to `path` (with query).
/// @param protocol  "v5.channel.k8s.io"
/// @errors the server's refusal in its words
Result<std::unique_ptr<http::Connection>> open_websocket(const Globals& globals,
                                                         const std::string& path,
                                                         const std::string& protocol);

/// Where the streams of a command begin and end here: file descriptors.
struct Ends {
  int in = 0, out = 1, err = 2;
};

/// These streams are those of the command behind the connection, until it ends or nobody reads
/// them any more. With `tty` the terminal, standard input, is raw meanwhile and tells its size.
/// @param redraw  the process runs already: tell it a wrong size first, so that it shows its prompt
/// again
/// @returns the exit code of the command
Result<int> converse(http::Connection& connection, bool input, bool tty, bool redraw,
                     Ends ends = {});

/// Carries one accepted TCP connection to a port of a pod, until either side ends it.
/// @param tunnel  a connection of the protocol SPDY/3.1+portforward.k8s.io, not used before
/// @errors unavailable: nobody listens there, in the node's words
Result<> forward(std::unique_ptr<http::Connection> tunnel, int socket, std::uint16_t port);

/// How a remote command ended, as the Status on its error channel tells.
/// @returns its exit code; an error for what kept it from running
Result<int> exit_code_of(std::string_view status);

}  // namespace nodal::nodectl
