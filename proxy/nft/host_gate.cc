// proxy/nft/host_gate.cc — see host_gate.h.
#include "proxy/nft/host_gate.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "proxy/backends.h"

namespace nodal::proxy::nft {
namespace {

constexpr std::string_view kMark = "comment \"nodal-pods\"";
constexpr std::string_view kApiServer = "default/kubernetes";

/// A rule of ours as it stands: "ip saddr … counter packets 1 bytes 2 accept comment … # handle
/// 12".
struct OwnRule {
  std::string_view match;  ///< "" when it is not what we write
  std::string_view handle;
};

std::vector<OwnRule> own_rules(std::string_view listing) {
  std::vector<OwnRule> out;
  for (const auto line : text::split(listing, '\n')) {
    const auto mark = line.find(kMark);
    const auto handle = line.rfind("# handle ");
    if (mark == std::string_view::npos || handle == std::string_view::npos) continue;
    const auto counter = line.find(" counter packets ");
    const bool accepts = text::trim(line.substr(0, mark)).ends_with(" accept");
    out.push_back({accepts && counter < mark ? text::trim(line.substr(0, counter)) : "",
                   text::trim(line.substr(handle + 9))});
  }
  return out;
}

}  // namespace

std::set<std::pair<Protocol, net::SocketAddress>> outside_endpoints(
    const ServiceEntry& service, const std::vector<net::Cidr>& pods) {
  std::set<std::pair<Protocol, net::SocketAddress>> out;
  if (!is_programmed(service)) return out;
  for (const auto& port : service.ports) {
    if (port.node_port == 0 && service.load_balancer_ips.empty()) continue;
    for (const auto& backend : backends(port, false, service.external_policy))
      if (std::ranges::none_of(pods,
                               [&](const net::Cidr& range) { return range.contains(backend.ip); }))
        out.emplace(port.protocol, backend);
  }
  return out;
}

std::string plan_gate(std::string_view chain, std::string_view listing,
                      const std::set<std::string>& matches) {
  std::string out;
  auto missing = matches;
  for (const auto& rule : own_rules(listing))
    if (missing.erase(std::string(rule.match)) == 0)
      out += text::cat("delete rule ip filter ", chain, " handle ", rule.handle, "\n");
  for (const auto& match : missing)
    out += text::cat("insert rule ip filter ", chain, " ", match, " counter accept ", kMark, "\n");
  return out;
}

bool keeps_out(std::string_view listing) {
  if (listing.find("policy drop") != std::string_view::npos) return true;
  return std::ranges::any_of(text::split(listing, '\n'), [](std::string_view line) {
    if (line.find(kMark) != std::string_view::npos) return false;
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{" drop", " reject", "jump ", "goto ", "xt target"},
        [&](std::string_view word) { return line.find(word) != std::string_view::npos; });
  });
}

Passages HostGate::passages() const {
  Passages out;
  for (const auto& range : options_.pods) {
    if (range.base().is_v6()) continue;
    for (const char* side : {"ip saddr ", "ip daddr "}) out.forward.insert(side + range.text());
    for (const auto& ip : options_.dns)
      if (ip.is_v4())
        out.input.insert(text::cat("ip saddr ", range.text(), " ip daddr ", ip.text()));
    for (const auto& server : api_servers_)
      out.input.insert(text::cat("ip saddr ", range.text(), " ip daddr ", server.ip.text(),
                                 " tcp dport ", server.port));
  }
  std::set<std::pair<Protocol, net::SocketAddress>> outside;
  for (const auto& [key, endpoints] : outside_) outside.insert(endpoints.begin(), endpoints.end());
  std::size_t left = kMostOutside;
  for (const auto& [protocol, endpoint] : outside) {
    if (protocol == Protocol::sctp) continue;  // iptables has another match for its ports
    if (left-- == 0) break;
    const auto word = protocol == Protocol::tcp ? "tcp" : "udp";
    const auto ip = endpoint.ip.text();
    out.forward.insert(text::cat("ip daddr ", ip, " ", word, " dport ", endpoint.port));
    out.forward.insert(text::cat("ip saddr ", ip, " ", word, " sport ", endpoint.port));
  }
  return out;
}

Result<> HostGate::apply(std::string_view chain, const std::set<std::string>& matches,
                         bool only_if_closed) {
  const auto listing =
      applier_.run(text::cat("list chain ip filter ", chain), Applier::Output::with_handles);
  if (!listing) {
    if (listing.error().code == Errc::not_found) return {};
    return wrap(text::cat("look at the host's chain ", chain), listing.error());
  }
  const bool leave = only_if_closed && !keeps_out(*listing);
  const auto batch = plan_gate(chain, *listing, leave ? std::set<std::string>() : matches);
  if (batch.empty()) return {};
  if (auto done = applier_.run(batch); !done)
    return wrap(text::cat("write the host's chain ", chain), done.error());
  return {};
}

Result<> HostGate::open() {
  const auto want = passages();
  NODAL_TRY(apply("FORWARD", want.forward, false));
  return apply("INPUT", want.input, true);
}

Result<> HostGate::follow(const Synced& synced) {
  const auto before = passages();
  for (const auto& [key, entry] : synced.before) {
    const auto service = synced.services.find(key);
    auto outside = service ? outside_endpoints(*service, options_.pods)
                           : std::set<std::pair<Protocol, net::SocketAddress>>();
    if (outside.empty()) {
      outside_.erase(key);
    } else {
      outside_[key] = std::move(outside);
    }
  }
  if (synced.everything || synced.before.contains(std::string(kApiServer))) {
    api_servers_.clear();
    if (const auto api = synced.services.find(kApiServer))
      for (const auto& port : api->ports)
        for (const auto& server : backends(port, false, TrafficPolicy::cluster))
          if (std::ranges::find(synced.node.addresses, server.ip) != synced.node.addresses.end())
            api_servers_.insert(server);
  }
  const auto now = passages();
  if (now == before) return {};
  std::size_t outside = 0;
  for (const auto& [key, endpoints] : outside_) outside += endpoints.size();
  if (outside > kMostOutside)
    log::warn("the host's FORWARD chain is opened for some endpoints outside the cluster only",
              {{"endpoints", outside}, {"opened", kMostOutside}});
  return open();
}

Result<> HostGate::close() {
  NODAL_TRY(apply("FORWARD", {}, false));
  return apply("INPUT", {}, false);
}

}  // namespace nodal::proxy::nft
