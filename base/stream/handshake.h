// base/stream/handshake.h — the headers by which a connection becomes another protocol's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http/message.h"

namespace nodal::handshake {

/// The values of a header that may come as several lines or as one list.
[[nodiscard]] std::vector<std::string> listed(const http::Request& request, std::string_view name);
/// True when the request asks to switch to that protocol (Connection: Upgrade, Upgrade:
/// `protocol`).
[[nodiscard]] bool wants_upgrade(const http::Request& request, std::string_view protocol);
/// The headers of a 101 to WebSocket; nothing when the handshake is not RFC 6455's.
/// @param subprotocol  "" for none
[[nodiscard]] std::optional<http::Headers> websocket_answer(const http::Request& request,
                                                            std::string_view subprotocol);

}  // namespace nodal::handshake
