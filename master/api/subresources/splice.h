// master/api/subresources/splice.h — the client's side of a switch of protocols.
#pragma once

#include <optional>
#include <stop_token>

#include "base/http/client.h"
#include "master/api/api.h"

namespace nodal::master::handlers {

/// A switch to a stream that runs commands takes the right to create, whatever the method that asks
/// for it (SECURITY 13). Nothing when the caller has it, else the 403.
std::optional<ApiError> refusal_to_switch(const Call& call);

/// Requested when the client goes before it has its answer.
std::stop_source stop_when_gone(const Call& call);

/// Gives the client the 101 and carries bytes until either side ends or goes. Blocks.
/// @param stop  of the conversation with the backend; requested when this returns
void splice_client(const Call& call, http::Upgraded backend, std::stop_source stop);

}  // namespace nodal::master::handlers
