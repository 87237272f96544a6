// proxy/nft/render.cc — the ruleset as nft's language. Every value is a number or an address of
// ours: nothing that a user wrote is ever part of the text.
#include <cstdio>

#include "base/text.h"
#include "proxy/nft/ruleset.h"

namespace nodal::proxy::nft {
namespace {

using text::cat;

std::string_view word(Family family) { return family == Family::ip ? "ip" : "ip6"; }
std::string_view address_type(Family family) {
  return family == Family::ip ? "ipv4_addr" : "ipv6_addr";
}

std::string_view word(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
      return "tcp";
    case Protocol::udp:
      return "udp";
    case Protocol::sctp:
      return "sctp";
  }
  return "tcp";
}

std::string name(Map map, Protocol protocol) {
  switch (map) {
    case Map::endpoints:
      return cat(word(protocol), "_endpoints");
    case Map::node_endpoints:
      return cat(word(protocol), "_node_endpoints");
    case Map::slots:
      return "slots";
    case Map::node_slots:
      return "node_slots";
    case Map::known:
      return cat(word(protocol), "_known");
    case Map::node_known:
      return cat(word(protocol), "_node_known");
    case Map::hairpin:
      return "hairpin";
    case Map::cluster_ips:
      return "cluster_ips";
    case Map::others:
      return "others";
    case Map::limited:
      return "limited";
    case Map::sources:
      return "sources";
    case Map::services:
      return "services";
    case Map::node_ports:
      return "node_ports";
    case Map::no_endpoints:
      return "no_endpoints";
    case Map::no_endpoint_ports:
      return "no_endpoint_ports";
  }
  return "services";
}

std::string chain_name(Verdict verdict) {
  switch (verdict.kind) {
    case Verdict::Kind::pick:
      return cat("pick-", verdict.size);
    case Verdict::Kind::sticky:
      return cat("sticky-", verdict.size, "-", verdict.seconds);
    case Verdict::Kind::node_pick:
      return cat("node-pick-", verdict.size);
    case Verdict::Kind::node_sticky:
      return cat("node-sticky-", verdict.size, "-", verdict.seconds);
    case Verdict::Kind::reject:
      return "refuse-now";
    case Verdict::Kind::drop:
      return "drop-silently";
  }
  return "refuse-now";
}

std::string render(EndpointId id) {
  char text[16];
  std::snprintf(text, sizeof text, "%x:%x", id.value >> 16, id.value & 0xffff);
  return text;
}

std::string render(const Key& key) {
  const auto frontend = [&] {
    return cat(key.address.text(), " . ", word(key.protocol), " . ", key.port);
  };
  switch (key.map) {
    case Map::services:
    case Map::no_endpoints:
    case Map::limited:
      return frontend();
    case Map::slots:
      return cat(frontend(), " . ", key.slot);
    case Map::sources:
      return cat(frontend(), " . ", net::Cidr(key.range, static_cast<int>(key.slot)).text());
    case Map::endpoints:
      return cat(key.address.text(), " . ", key.port, " . ", key.slot);
    case Map::node_ports:
    case Map::no_endpoint_ports:
      return cat(word(key.protocol), " . ", key.port);
    case Map::node_endpoints:
      return cat(key.port, " . ", key.slot);
    case Map::node_slots:
      return cat(word(key.protocol), " . ", key.port, " . ", key.slot);
    case Map::known:
      return cat(key.address.text(), " . ", key.port, " . ", render(EndpointId{key.slot}));
    case Map::node_known:
      return cat(key.port, " . ", render(EndpointId{key.slot}));
    case Map::cluster_ips:
    case Map::others:
      return key.address.text();
    case Map::hairpin:
      return cat(key.address.text(), " . ", key.address.text());
  }
  return {};
}

std::string render(const Value& value) {
  if (const auto* verdict = std::get_if<Verdict>(&value))
    return cat(" : goto ", chain_name(*verdict));
  if (const auto* backend = std::get_if<net::SocketAddress>(&value))
    return cat(" : ", backend->ip.text(), " . ", backend->port);
  if (const auto* id = std::get_if<EndpointId>(&value)) return cat(" : ", render(*id));
  return {};
}

// One command per map: the elements come sorted by map.
void append(std::string& out, std::string_view verb, Family family, const std::string& table,
            const Elements& elements, bool with_values) {
  std::string current;
  for (const auto& [key, value] : elements) {
    auto map = name(key.map, key.protocol);
    if (current != map) {
      if (!current.empty()) out += " }\n";
      out += cat(verb, " element ", word(family), " ", table, " ", map, " { ");
      current = std::move(map);
    } else {
      out += ", ";
    }
    out += render(key);
    if (with_values) out += render(value);
  }
  if (!current.empty()) out += " }\n";
}

// A client of a frontend.
std::string client(std::string_view family) {
  return cat(family, " saddr . ", family, " daddr . meta l4proto . th dport");
}

}  // namespace

std::string render_table(Family family, const std::string& table) {
  const auto f = word(family);
  const auto address = address_type(family);
  const auto unreachable =
      family == Family::ip ? "icmp type port-unreachable" : "icmpv6 type port-unreachable";
  // A map per protocol: "th dport" as the type of a value is refused by nft 1.0.6 once the map
  // comes from the kernel, and "tcp dport" makes the rule that uses it match TCP alone.
  std::string maps, send, node_send;
  for (const auto protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    const auto p = word(protocol);
    const auto backend = cat(f, " daddr . ", p, " dport");
    maps +=
        cat("  map ", p, "_endpoints { typeof ", backend, " . numgen random mod 65535 : ", backend,
            "; }\n", "  map ", p, "_node_endpoints { typeof ", p,
            " dport . numgen random mod 65535 : ", backend, "; }\n",  //
            "  map ", p, "_known { typeof ", backend, " . meta priority : ", backend, "; }\n",
            "  map ", p, "_node_known { typeof ", p, " dport . meta priority : ", backend, "; }\n");
    send += cat("    dnat ", f, " to ", backend, " . meta priority map @", p, "_known\n");
    node_send += cat("    dnat ", f, " to ", p, " dport . meta priority map @", p, "_node_known\n");
  }
  const auto frontend = cat(f, " daddr . meta l4proto . th dport");
  const auto not_node = cat(f, " daddr != @node_addresses "),
             node = cat(f, " daddr @node_addresses ");
  return cat(
      "add table ", f, " ", table, "\n", "table ", f, " ", table, " {\n",
      "  set node_addresses { type ", address, "; }\n", "  set dns { type ", address, "; }\n",
      "  set pods { type ", address, "; flags interval; }\n", "  set local_pods { type ", address,
      "; flags interval; }\n", "  set service_range { type ", address, "; flags interval; }\n",
      "  set cluster_ips { type ", address, "; }\n", "  set others { type ", address, "; }\n",
      "  set hairpin { type ", address, " . ", address, "; }\n", "  set limited { type ", address,
      " . inet_proto . inet_service; }\n", "  set sources { type ", address,
      " . inet_proto . inet_service . ", address,
      "; flags interval; }\n",  //
      "  map services { type ", address, " . inet_proto . inet_service : verdict; }\n",
      "  map node_ports { type inet_proto . inet_service : verdict; }\n",
      "  map no_endpoints { type ", address, " . inet_proto . inet_service : verdict; }\n",
      "  map no_endpoint_ports { type inet_proto . inet_service : verdict; }\n", maps,
      "  map slots { typeof ", frontend, " . numgen random mod 65535 : meta priority; }\n",
      "  map node_slots { typeof meta l4proto . th dport . numgen random mod 65535 : meta "
      "priority; "
      "}\n",
      "  map ", kAffinityMap, " { typeof ", client(f),
      " : meta priority; flags dynamic,timeout; size ", kMostClients, "; }\n",
      "  chain sticky-send {\n", send, "  }\n", "  chain node-sticky-send {\n", node_send,
      "  }\n",  //
      "  chain refuse-now { meta l4proto tcp reject with tcp reset; reject with ", unreachable,
      "; }\n", "  chain drop-silently { drop; }\n",
      // What a Service gives out as its address never takes the place of the node's own.
      "  chain dispatch {\n", "    ", not_node, frontend, " vmap @services\n", "    ", node,
      "meta l4proto . th dport vmap @node_ports\n", "  }\n",  //
      "  chain refuse {\n", "    ", not_node, frontend, " vmap @no_endpoints\n", "    ", node,
      "meta l4proto . th dport vmap @no_endpoint_ports\n",
      // The node answers there itself.
      "    ", f, " daddr @dns return\n",
      // Another proxy may let its Services' addresses stand, as IPVS does.
      "    ", f, " daddr @others return\n",
      // What was not translated is for a port that the Service has not, or for no Service at all.
      "    ", f, " daddr @cluster_ips goto refuse-now\n", "    ", f,
      " daddr @service_range goto refuse-now\n", "  }\n",  //
      "  chain check-source { ct state new ", not_node, frontend, " @limited ", frontend, " . ", f,
      " saddr != @sources drop; }\n", "}\n");
}

std::string render_hooks(Family family, const std::string& table) {
  const auto f = word(family);
  return cat(
      "table ", f, " ", table, " {\n",
      "  chain raw-prerouting { type filter hook prerouting priority raw;\n", "    ", f,
      " daddr @dns meta l4proto { tcp, udp } th dport 53 notrack\n  }\n",
      "  chain raw-output { type filter hook output priority raw;\n", "    ", f,
      " daddr @dns meta l4proto { tcp, udp } th dport 53 notrack\n", "    ", f,
      " saddr @dns meta l4proto { tcp, udp } th sport 53 notrack\n  }\n",
      "  chain source-prerouting { type filter hook prerouting priority -110; jump check-source; "
      "}\n",
      "  chain source-output { type filter hook output priority -110; jump check-source; }\n",
      "  chain nat-prerouting { type nat hook prerouting priority dstnat; jump dispatch; }\n",
      "  chain nat-output { type nat hook output priority -100; jump dispatch; }\n",
      "  chain nat-postrouting { type nat hook postrouting priority srcnat;\n",
      // A pod that picked itself would see its own address as the client's and answer past the
      // translation.
      "    ct status dnat ", f, " saddr . ", f, " daddr @hairpin masquerade\n",
      // A stranger's flow to an endpoint that is not here must come back through here.
      "    ct status dnat ", f, " daddr . ", f, " daddr @hairpin ", f, " daddr != @local_pods ", f,
      " saddr != @pods oifname != \"lo\" masquerade\n",
      // Pods' addresses mean nothing outside the cluster.
      "    ", f, " saddr @local_pods ", f, " daddr != @pods masquerade\n  }\n",
      "  chain filter-input { type filter hook input priority filter; ct state new jump refuse; "
      "}\n",
      "  chain filter-forward { type filter hook forward priority filter; ct state new jump "
      "refuse; }\n",
      "  chain filter-output { type filter hook output priority filter; ct state new jump refuse; "
      "}\n",
      "}\n");
}

std::string render_node(Family family, const std::string& table, const NodeView& node,
                        const std::vector<net::IpAddress>& dns) {
  std::string out;
  const bool v6 = family == Family::ip6;
  const auto fill = [&](std::string_view set, const auto& values) {
    std::string list;
    for (const auto& [is_v6, text] : values)
      if (is_v6 == v6) list += cat(list.empty() ? "" : ", ", text);
    out += cat("flush set ", word(family), " ", table, " ", set, "\n");
    if (!list.empty())
      out += cat("add element ", word(family), " ", table, " ", set, " { ", list, " }\n");
  };
  const auto addresses = [](const std::vector<net::IpAddress>& list) {
    std::vector<std::pair<bool, std::string>> texts;
    for (const auto& ip : std::set<net::IpAddress>(list.begin(), list.end()))
      if (!ip.is_loopback()) texts.emplace_back(ip.is_v6(), ip.text());
    return texts;
  };
  const auto prefixes = [](const std::vector<net::Cidr>& list) {
    std::vector<std::pair<bool, std::string>> texts;
    for (const auto& cidr : outermost(list)) texts.emplace_back(cidr.base().is_v6(), cidr.text());
    return texts;
  };
  fill("node_addresses", addresses(node.addresses));
  fill("dns", addresses(dns));
  fill("service_range", prefixes(node.service_cidrs));
  fill("local_pods", prefixes(node.pod_cidrs));
  std::vector<net::Cidr> pods = node.cluster_cidrs;
  pods.insert(pods.end(), node.pod_cidrs.begin(), node.pod_cidrs.end());
  fill("pods", prefixes(pods));
  return out;
}

// A connection's first packet carries the id of its endpoint from rule to rule in its priority:
// what the host's own rules look at is its mark, and forwarding sets the priority anew.
std::string render_sticky(Family family, const std::string& table, Verdict verdict) {
  const auto f = word(family);
  const bool node = verdict.kind == Verdict::Kind::node_sticky;
  const std::string kind = node ? "node-sticky" : "sticky", send = kind + "-send";
  const auto chain = chain_name(verdict), again = cat(kind, "-again-", verdict.seconds);
  const auto slots =
      node ? std::string("meta l4proto . th dport") : cat(f, " daddr . meta l4proto . th dport");
  const auto map = name(node ? Map::node_slots : Map::slots, Protocol::tcp);
  const auto remember = cat("update @", kAffinityMap, " { ", client(f), " timeout ",
                            verdict.seconds, "s : meta priority }");
  std::string out;
  const auto begin = [&](const std::string& which) {
    out += cat("add chain ", f, " ", table, " ", which, "\nflush chain ", f, " ", table, " ", which,
               "\n");
  };
  const auto rule = [&](const std::string& which, const std::string& text) {
    out += cat("add rule ", f, " ", table, " ", which, " ", text, "\n");
  };
  begin(again);
  rule(again, remember);
  rule(again, cat("jump ", send));
  begin(chain);
  rule(chain, cat("meta priority set ", client(f), " map @", kAffinityMap, " jump ", again));
  // Here comes who is new, or whose endpoint has gone: update alone would keep that one.
  rule(chain, cat("delete @", kAffinityMap, " { ", client(f), " : meta priority }"));
  rule(chain,
       cat("meta priority set ", slots, " . numgen random mod ", verdict.size, " map @", map));
  rule(chain, cat(remember, " jump ", send));
  // The map is full.
  rule(chain, cat("meta priority set ", slots, " . jhash ", f, " saddr mod ", verdict.size,
                  " seed 0x6e6f6461 map @", map));
  rule(chain, cat("jump ", send));
  return out;
}

std::string render_chain(Family family, const std::string& table, Verdict verdict) {
  if (verdict.is_sticky()) return render_sticky(family, table, verdict);
  const auto f = word(family);
  const bool node = verdict.kind == Verdict::Kind::node_pick;
  const auto chain = chain_name(verdict);
  const auto slot = cat("numgen random mod ", verdict.size);
  std::string out = cat("add chain ", f, " ", table, " ", chain, "\n", "flush chain ", f, " ",
                        table, " ", chain, "\n");
  for (const auto protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    const auto p = word(protocol);
    const auto key =
        node ? cat(p, " dport . ", slot, " map @", name(Map::node_endpoints, protocol))
             : cat(f, " daddr . ", p, " dport . ", slot, " map @", name(Map::endpoints, protocol));
    out += cat("add rule ", f, " ", table, " ", chain, " dnat ", f, " to ", key, "\n");
  }
  return out;
}

std::vector<std::string> remembered(std::string_view listing) {
  std::vector<std::string> out;
  const auto begin = listing.find("elements = {");
  if (begin == std::string_view::npos) return out;
  auto rest = listing.substr(begin + 12);
  rest = rest.substr(0, rest.find('}'));
  for (const auto element : text::split(rest, ',')) {
    const auto trimmed = text::trim(element);
    // nft prints an element that is ending without the time that it has left.
    if (trimmed.find(" expires ") != std::string_view::npos) out.emplace_back(trimmed);
  }
  return out;
}

std::string render(Family family, const std::string& table, const Transaction& transaction) {
  std::string out;
  append(out, "delete", family, table, transaction.remove, false);
  append(out, "add", family, table, transaction.add, true);
  return out;
}

}  // namespace nodal::proxy::nft
