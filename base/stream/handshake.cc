// base/stream/handshake.cc — see handshake.h.
#include "base/stream/handshake.h"

#include <algorithm>

#include "base/stream/websocket.h"
#include "base/text.h"

namespace nodal::handshake {

std::vector<std::string> listed(const http::Request& request, std::string_view name) {
  std::vector<std::string> out;
  for (const auto line : request.headers.all(name))
    for (const auto value : text::split(line, ','))
      if (const auto plain = text::trim(value); !plain.empty()) out.emplace_back(plain);
  return out;
}

bool wants_upgrade(const http::Request& request, std::string_view protocol) {
  const auto has = [&](std::string_view name, std::string_view value) {
    return std::ranges::any_of(listed(request, name), [&](const std::string& each) {
      return text::lower(each) == text::lower(value);
    });
  };
  return has("Connection", "Upgrade") && has("Upgrade", protocol);
}

std::optional<http::Headers> websocket_answer(const http::Request& request,
                                              std::string_view subprotocol) {
  const auto key = request.headers.get("Sec-WebSocket-Key");
  const auto decoded = text::unbase64(key);
  if (request.method != "GET" || request.headers.get("Sec-WebSocket-Version") != "13" || !decoded ||
      decoded->size() != 16)
    return std::nullopt;
  http::Headers out{{"Connection", "Upgrade"},
                    {"Upgrade", "websocket"},
                    {"Sec-WebSocket-Accept", websocket::accept_of(key)}};
  if (!subprotocol.empty()) out.add("Sec-WebSocket-Protocol", subprotocol);
  return out;
}

}  // namespace nodal::handshake
