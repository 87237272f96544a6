// master/api/subresources/proxy_message.cc — see proxy_message.h.
#include "master/api/subresources/proxy_message.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/text.h"

namespace nodal::master::proxying {
namespace {

constexpr std::array<std::string_view, 9> kHopByHop = {"connection",
                                                       "keep-alive",
                                                       "proxy-connection",
                                                       "proxy-authenticate",
                                                       "proxy-authorization",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade"};
// Written anew for the backend, or meant for this server alone.
constexpr std::array<std::string_view, 5> kOurs = {"authorization", "content-length", "expect",
                                                   "http2-settings", "sec-websocket-protocol"};
constexpr std::array<std::string_view, 3> kOurPrefixes = {"impersonate-", "x-remote-",
                                                          "x-forwarded-"};
// A pod does not decide which pages may use the API server's origin.
constexpr std::string_view kSharing = "access-control-allow-";
constexpr std::string_view kTokenProtocol = "base64url.bearer.authorization.k8s.io.";

bool is_in(std::span<const std::string_view> list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

// What a message's Connection header names as belonging to this hop.
std::vector<std::string> named_hops(const http::Headers& headers) {
  std::vector<std::string> out;
  for (const auto line : headers.all("Connection"))
    for (const auto name : text::split(line, ',')) out.push_back(text::lower(text::trim(name)));
  return out;
}

// A client that speaks WebSocket from a browser sends its token as a protocol.
std::string without_token(std::string_view protocols) {
  std::string out;
  for (const auto one : text::split(protocols, ',')) {
    const auto name = text::trim(one);
    if (!name.empty() && !name.starts_with(kTokenProtocol))
      out += text::cat(out.empty() ? "" : ", ", name);
  }
  return out;
}

}  // namespace

std::optional<Named> parse_name(std::string_view text) {
  const auto parts = text::split(text, ':');
  Named out;
  if (parts.size() == 1) {
    out.name = parts[0];
  } else if (parts.size() == 2) {
    out.name = parts[0];
    out.port = parts[1];
  } else if (parts.size() == 3) {
    if (!parts[0].empty()) out.scheme = parts[0];
    out.name = parts[1];
    out.port = parts[2];
  } else {
    return std::nullopt;
  }
  if (out.name.empty() || (out.scheme != "http" && out.scheme != "https")) return std::nullopt;
  return out;
}

bool may_be_reached(const net::IpAddress& address) {
  const auto plain = address.unmapped();
  return !plain.is_loopback() && !plain.is_link_local() && !plain.is_multicast() &&
         !plain.is_unspecified();
}

std::string wanted_upgrade(const http::Headers& headers) {
  const auto hops = named_hops(headers);
  if (std::ranges::find(hops, "upgrade") == hops.end()) return {};
  const auto protocol = text::lower(text::trim(headers.get("Upgrade")));
  return protocol == "websocket" ? "websocket" : protocol == "spdy/3.1" ? "SPDY/3.1" : "";
}

http::Request forwarded(const http::Request& request, const View& view, std::string_view tail) {
  http::Request out;
  out.method = request.method;
  out.target = tail.empty() ? "/" : std::string(tail);
  if (const auto question = request.target.find('?'); question != std::string::npos)
    out.target += request.target.substr(question);
  out.body = request.body;
  const auto hops = named_hops(request.headers);
  for (const auto& [name, value] : request.headers.lines()) {
    const auto lower = text::lower(name);
    const bool ours = is_in(kHopByHop, lower) || is_in(kOurs, lower) ||
                      std::ranges::any_of(kOurPrefixes, [&](const auto prefix) {
                        return lower.starts_with(prefix);
                      });
    if (!ours && std::ranges::find(hops, lower) == hops.end()) out.headers.add(name, value);
  }
  if (const auto protocol = wanted_upgrade(request.headers); !protocol.empty()) {
    out.headers.add("Connection", "Upgrade");
    out.headers.add("Upgrade", protocol);
    std::string subprotocols;
    for (const auto line : request.headers.all("Sec-WebSocket-Protocol"))
      subprotocols += text::cat(subprotocols.empty() ? "" : ",", line);
    if (const auto left = without_token(subprotocols); !left.empty())
      out.headers.add("Sec-WebSocket-Protocol", left);
  }
  const std::string_view peer = request.peer_address;
  if (const auto colon = peer.rfind(':'); colon != std::string_view::npos)
    out.headers.add("X-Forwarded-For", peer.substr(0, colon));
  out.headers.add("X-Forwarded-Host", view.host);
  out.headers.add("X-Forwarded-Proto", "https");
  out.headers.add("X-Forwarded-Uri", text::cat(view.prefix, tail));
  return out;
}

http::Headers returned(const http::Headers& headers, const View& view) {
  http::Headers out;
  const auto hops = named_hops(headers);
  for (const auto& [name, value] : headers.lines()) {
    const auto lower = text::lower(name);
    if (is_in(kHopByHop, lower) || lower.starts_with(kSharing) || lower == "date" ||
        std::ranges::find(hops, lower) != hops.end())
      continue;
    out.add(name, lower == "location" ? led_back(value, view) : value);
  }
  return out;
}

std::string led_back(std::string_view location, const View& view) {
  auto rest = location;
  const auto authority = [&](std::size_t skipped) {
    rest.remove_prefix(skipped);
    const auto host = rest.substr(0, rest.find_first_of("/?#"));
    rest.remove_prefix(host.size());
    return host;
  };
  std::string_view host;
  const auto scheme_end = location.find("://");
  if (location.starts_with("//"))
    host = authority(2);
  else if (scheme_end != std::string_view::npos && location.find_first_of("/?#") > scheme_end)
    host = authority(scheme_end + 3);
  if (!host.empty() && host != view.backend && host != view.host) return std::string(location);
  if (!rest.starts_with('/')) return std::string(location);
  const auto path = rest.substr(0, rest.find_first_of("?#"));
  const bool led = path == view.prefix || path.starts_with(view.prefix + "/");
  return text::cat(host.empty() ? "" : text::cat("https://", view.host), led ? "" : view.prefix,
                   rest);
}

}  // namespace nodal::master::proxying
