// proxy/nft/render.cc — the ruleset as nft's language. Every value is a number or an address of
// ours: nothing that a user wrote is ever part of the text.
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
    case Map::hairpin:
      return "hairpin";
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
    case Verdict::Kind::hash:
      return cat("hash-", verdict.size);
    case Verdict::Kind::node_pick:
      return cat("node-pick-", verdict.size);
    case Verdict::Kind::node_hash:
      return cat("node-hash-", verdict.size);
    case Verdict::Kind::reject:
      return "refuse-now";
    case Verdict::Kind::drop:
      return "drop-silently";
  }
  return "refuse-now";
}

std::string render(const Key& key) {
  const auto frontend = [&] {
    return cat(key.address.text(), " . ", word(key.protocol), " . ", key.port);
  };
  switch (key.map) {
    case Map::services:
    case Map::no_endpoints:
      return frontend();
    case Map::endpoints:
      return cat(key.address.text(), " . ", key.port, " . ", key.slot);
    case Map::node_ports:
    case Map::no_endpoint_ports:
      return cat(word(key.protocol), " . ", key.port);
    case Map::node_endpoints:
      return cat(key.port, " . ", key.slot);
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

}  // namespace

std::string render_table(Family family, const std::string& table) {
  const auto f = word(family);
  const auto address = address_type(family);
  const auto unreachable =
      family == Family::ip ? "icmp type port-unreachable" : "icmpv6 type port-unreachable";
  // A map per protocol: "th dport" as the type of a value is refused by nft 1.0.6 once the map
  // comes from the kernel, and "tcp dport" makes the rule that uses it match TCP alone.
  std::string endpoints;
  for (const auto protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    const auto p = word(protocol);
    endpoints += cat("  map ", p, "_endpoints { typeof ", f, " daddr . ", p,
                     " dport . numgen random mod 65535 : ", f, " daddr . ", p, " dport; }\n",
                     "  map ", p, "_node_endpoints { typeof ", p,
                     " dport . numgen random mod 65535 : ", f, " daddr . ", p, " dport; }\n");
  }
  return cat(
      "add table ", f, " ", table, "\n", "table ", f, " ", table, " {\n",
      "  set node_addresses { type ", address, "; }\n", "  set dns { type ", address, "; }\n",
      "  set pods { type ", address, "; flags interval; }\n", "  set local_pods { type ", address,
      "; flags interval; }\n", "  set hairpin { type ", address, " . ", address, "; }\n",
      "  map services { type ", address, " . inet_proto . inet_service : verdict; }\n",
      "  map node_ports { type inet_proto . inet_service : verdict; }\n",
      "  map no_endpoints { type ", address, " . inet_proto . inet_service : verdict; }\n",
      "  map no_endpoint_ports { type inet_proto . inet_service : verdict; }\n", endpoints,
      "  chain refuse-now { meta l4proto tcp reject with tcp reset; reject with ", unreachable,
      "; }\n", "  chain drop-silently { drop; }\n", "  chain dispatch {\n", "    ", f,
      " daddr . meta l4proto . th dport vmap @services\n", "    ", f,
      " daddr @node_addresses meta l4proto . th dport vmap @node_ports\n", "  }\n",
      "  chain refuse {\n", "    ", f, " daddr . meta l4proto . th dport vmap @no_endpoints\n",
      "    ", f, " daddr @node_addresses meta l4proto . th dport vmap @no_endpoint_ports\n",
      "  }\n", "}\n");
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
      "  chain nat-prerouting { type nat hook prerouting priority dstnat; jump dispatch; }\n",
      "  chain nat-output { type nat hook output priority -100; jump dispatch; }\n",
      "  chain nat-postrouting { type nat hook postrouting priority srcnat;\n",
      // A pod that picked itself would see its own address as the client's and answer past the
      // translation.
      "    ct status dnat ", f, " saddr . ", f, " daddr @hairpin masquerade\n",
      // A stranger's flow to a pod of another node must come back through here.
      "    ct status dnat ", f, " daddr @pods ", f, " daddr != @local_pods ", f,
      " saddr != @pods masquerade\n",
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
    std::vector<net::Cidr> kept;  // nft refuses overlapping intervals: the wider one holds
    for (const auto& cidr : std::set<net::Cidr>(list.begin(), list.end())) {
      bool inside = false;
      for (const auto& other : list)
        inside = inside || (other != cidr && other.contains(cidr.base()) &&
                            other.prefix_length() < cidr.prefix_length());
      if (!inside) kept.push_back(cidr);
    }
    texts.reserve(kept.size());
    for (const auto& cidr : kept) texts.emplace_back(cidr.base().is_v6(), cidr.text());
    return texts;
  };
  fill("node_addresses", addresses(node.addresses));
  fill("dns", addresses(dns));
  fill("local_pods", prefixes(node.pod_cidrs));
  std::vector<net::Cidr> pods = node.cluster_cidrs;
  pods.insert(pods.end(), node.pod_cidrs.begin(), node.pod_cidrs.end());
  fill("pods", prefixes(pods));
  return out;
}

std::string render_chain(Family family, const std::string& table, Verdict verdict) {
  const auto f = word(family);
  const bool node =
      verdict.kind == Verdict::Kind::node_pick || verdict.kind == Verdict::Kind::node_hash;
  const bool hash = verdict.kind == Verdict::Kind::hash || verdict.kind == Verdict::Kind::node_hash;
  const auto chain = chain_name(verdict);
  const std::string slot = hash ? cat("jhash ", f, " saddr mod ", verdict.size, " seed 0x6e6f6461")
                                : cat("numgen random mod ", verdict.size);
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

std::string render(Family family, const std::string& table, const Transaction& transaction) {
  std::string out;
  append(out, "delete", family, table, transaction.remove, false);
  append(out, "add", family, table, transaction.add, true);
  return out;
}

}  // namespace nodal::proxy::nft
