// agent/probe/http_probe.cc — see http_probe.h.
#include "agent/probe/http_probe.h"

#include <boost/url.hpp>
#include <optional>

#include "base/http/client.h"
#include "base/text.h"

namespace nodal::agent {
namespace {

namespace urls = boost::urls;
using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMostBody = 10u << 10;
constexpr std::size_t kMostShown = 512;
constexpr int kMostRedirects = 10;

// What people write into a path, and servers into Location, unencoded: all but these is encoded.
constexpr auto kOfPath = urls::pchars + urls::grammar::lut_chars("/?#");
constexpr auto kOfReference = kOfPath + urls::grammar::lut_chars("[]");

struct Answer {
  int status = 0;
  std::string location, body;
};

// Percent signs stay as they are: what is encoded already is not encoded once more.
std::string encoded(std::string_view text, const urls::grammar::lut_chars& kept) {
  std::string out;
  for (const auto part : text::split(text, '%')) {
    if (part.data() != text.data()) out += '%';
    out += urls::encode(part, kept);
  }
  return out;
}

http::Request request_for(const core_v1::HTTPGetAction& action) {
  http::Request out;
  for (const auto& header : action.http_headers) out.headers.add(header.name, header.value);
  if (!out.headers.has("User-Agent"))
    out.headers.add("User-Agent", text::cat("kube-probe/nodal-", NODAL_VERSION));
  if (!out.headers.has("Accept")) out.headers.add("Accept", "*/*");
  if (!out.headers.has("Connection")) out.headers.add("Connection", "close");
  return out;
}

std::string origin_of(const urls::url_view& url) { return std::string(url.encoded_origin()); }

Result<Answer> ask(const urls::url_view& url, http::Request request, Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return fail(Errc::timed_out, "no answer in time");
  http::ClientOptions options;
  options.address = origin_of(url);
  if (url.scheme_id() == urls::scheme::https)
    options.tls = http::ClientTls{
        .ca_pem = "", .certificate_pem = "", .key_pem = "", .server_name = "", .insecure = true};
  options.connect_timeout = options.timeout = left;
  options.idle_connections = 0;
  request.target = std::string(url.encoded_target());
  if (!request.target.starts_with('/')) request.target.insert(0, "/");

  Answer out;
  NODAL_TRY(http::Client(options).carry(
      request,
      [&](const http::Response& head) {
        out.status = head.status;
        out.location = head.headers.get("Location");
      },
      [&](std::string_view bytes) {
        out.body += bytes.substr(0, kMostBody - out.body.size());
        return out.body.size() < kMostBody && std::chrono::steady_clock::now() < deadline;
      },
      {}, left));
  return out;
}

bool redirects(const Answer& answer) {
  return (answer.status == 301 || answer.status == 302 || answer.status == 303 ||
          answer.status == 307 || answer.status == 308) &&
         !answer.location.empty();
}

}  // namespace

ProbeOutcome http_probe(const core_v1::HTTPGetAction& action, std::uint16_t port,
                        const std::string& ip, std::chrono::milliseconds timeout) {
  const auto host = ip.find(':') == std::string::npos ? ip : text::cat("[", ip, "]");
  const auto origin = text::cat(action.scheme == "HTTPS" ? "https://" : "http://", host, ":", port,
                                action.path.starts_with('/') ? "" : "/");
  auto start = origin + encoded(action.path, kOfPath);
  auto parsed = urls::parse_uri(start);
  if (!parsed) {  // a stray percent sign or the like: all of it is a path, and means itself
    start = origin + urls::encode(action.path, urls::pchars + urls::grammar::lut_chars("/"));
    parsed = urls::parse_uri(start);
  }
  if (!parsed) return {false, text::cat("\"", start, "\" is no URL: mend the probe's path")};
  urls::url url = *parsed;
  const auto deadline = std::chrono::steady_clock::now() + timeout;

  auto request = request_for(action);
  for (int followed = 0;; ++followed) {
    const auto answer = ask(url, request, deadline);
    if (!answer)
      return {false,
              text::cat("Get \"", std::string_view(url.buffer()), "\": ", answer.error().message)};
    if (answer->status < 200 || answer->status >= 400)
      return {false, text::cat("HTTP probe failed with statuscode: ", answer->status)};
    if (answer->status < 300) return {true, ""};

    const ProbeOutcome ended{true,
                             text::cat("Probe terminated redirects, Response body: ",
                                       answer->body.substr(0, kMostShown)),
                             true};
    if (!redirects(*answer)) return ended;
    const auto location = encoded(answer->location, kOfReference);
    const auto reference = urls::parse_uri_reference(location);
    urls::url next;
    if (!reference || !urls::resolve(url, *reference, next))
      return {false, text::cat("Get \"", std::string_view(url.buffer()),
                               "\": it redirects to what is no URL: ", answer->location)};
    const auto scheme = next.scheme_id();
    if (next.encoded_host() != url.encoded_host() ||
        (scheme != urls::scheme::http && scheme != urls::scheme::https))
      return ended;
    if (followed == kMostRedirects)
      return {false, text::cat("Get \"", std::string_view(next.buffer()), "\": stopped after ",
                               kMostRedirects, " redirects")};
    // A virtual host of the probe's own goes with what the server names relative to itself.
    if (reference->has_authority()) request.headers.remove("Host");
    next.remove_fragment();
    url = std::move(next);
  }
}

}  // namespace nodal::agent
