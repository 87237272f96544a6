// master/api/subresources/splice.h — the client's side of a switch of protocols.
#pragma once

#include <stop_token>

#include "base/http/client.h"
#include "master/api/api.h"

namespace nodal::master::handlers {

/// Requested when the client goes before it has its answer.
std::stop_source stop_when_gone(const Call& call);

/// Gives the client the 101 and carries bytes until either side ends or goes. Blocks.
/// @param stop  of the conversation with the backend; requested when this returns
void splice_client(const Call& call, http::Upgraded backend, std::stop_source stop);

}  // namespace nodal::master::handlers
