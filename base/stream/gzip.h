// base/stream/gzip.h — a body as gzip, in one piece.
#pragma once

#include <string>
#include <vector>

#include "base/http/message.h"

namespace nodal {

/// Packs at zlib's fastest level: what it saves beyond that takes longer than to send.
/// @source RFC 1952
[[nodiscard]] std::string gzip(const std::vector<http::Chunk>& parts);

}  // namespace nodal
