// master/api/subresources/proxy_message.h — what of a request goes on to what is proxied, and what
// of its answer comes back. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/http/message.h"
#include "base/net/address.h"

namespace nodal::master::proxying {

/// What a proxy path names: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`.
struct Named {
  std::string scheme = "http";  ///< or https
  std::string name;
  std::string port;  ///< number or name; "" when it is not said
  bool operator==(const Named&) const = default;
};
/// Nothing for a name that is none of the three.
[[nodiscard]] std::optional<Named> parse_name(std::string_view text);

/// Neither the machine's own address (loopback, link-local), nor multicast or unspecified; also not
/// when written as an IPv4 address in IPv6.
[[nodiscard]] bool may_be_reached(const net::IpAddress& address);

/// Where the client and the backend see the same thing.
struct View {
  std::string prefix;   ///< of the client's paths, up to and with "/proxy"
  std::string host;     ///< the client's Host header
  std::string backend;  ///< "10.244.0.5:8080"
};

/// The protocol that a request asks to switch to: "websocket" or "SPDY/3.1"; "" when it does not.
[[nodiscard]] std::string wanted_upgrade(const http::Headers& headers);

/// The request for the backend: without what is between the client and this server (hop-by-hop
/// headers, credentials), with X-Forwarded-*.
/// @param tail  the path behind the prefix, as the client wrote it
/// @source RFC 9110 §7.6.1
[[nodiscard]] http::Request forwarded(const http::Request& request, const View& view,
                                      std::string_view tail);

/// The headers for the client: hop-by-hop ones and those of cross-origin sharing dropped, Location
/// led back through the proxy.
[[nodiscard]] http::Headers returned(const http::Headers& headers, const View& view);

/// A redirect to the backend itself becomes one through the proxy; relative ones and those to other
/// hosts stay.
[[nodiscard]] std::string led_back(std::string_view location, const View& view);

}  // namespace nodal::master::proxying
