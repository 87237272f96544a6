// agent/serve/command_session.h — a client talks with a process: exec and attach.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "agent/runtime/process.h"
#include "agent/serve/command_protocol.h"
#include "base/http/connection.h"

namespace nodal::agent {

/// Opens the process once the client has opened its streams, carries bytes between them until the
/// process ends, and tells the client how it ended. Whoever leaves first ends the other: a process
/// that was started for a client ends with it. Blocks; runs a second thread for what the client
/// sends.
/// @param open  starts the process, or says why it cannot
void run_command(http::Connection& client, CommandProtocol& protocol,
                 const std::function<Result<std::unique_ptr<ProcessStreams>>()>& open,
                 std::stop_token stop);

}  // namespace nodal::agent
