// proxy/nft/dataplane.cc — see dataplane.h.
#include "proxy/nft/dataplane.h"

#include <algorithm>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/backends.h"

namespace nodal::proxy::nft {
namespace {

// A batch costs nft about 2.5 KB an element while it runs: bounded batches bound the peak.
constexpr std::size_t kBatchElements = 2000;

std::string_view word(Family family) { return family == Family::ip ? "ip" : "ip6"; }

std::size_t hooks_in(std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.find(" hook "); at != std::string_view::npos;
       at = text.find(" hook ", at + 1))
    ++count;
  return count;
}

// Whether nft's listing of all chains has every base chain of this table.
bool is_hooked(std::string_view chains, Family family, const std::string& table) {
  const auto begin = chains.find(text::cat("table ", word(family), " ", table, " {"));
  if (begin == std::string_view::npos) return false;
  const auto ours = chains.substr(begin, chains.find("\n}", begin) - begin);
  return hooks_in(ours) == hooks_in(render_hooks(family, table));
}

// Of what the Service asks for, what it does not get.
void say_limits(const std::string& key, const ServiceEntry& service, const NodeView& node) {
  for (const auto& port : service.ports)
    if (has_too_many_endpoints(port))
      log::warn("a Service has more endpoints than are served",
                {{"service", key}, {"port", port.port}, {"served", kMostEndpoints}});
  const auto refuse = [&](const net::IpAddress& ip) {
    log::warn("an address of a Service is not served, it would take the place of another",
              {{"service", key}, {"address", ip.text()}});
  };
  for (const auto& ip : service.refused_ips) refuse(ip);
  for (const auto& ip : service.load_balancer_ips)
    if (std::ranges::find(node.addresses, ip) != node.addresses.end()) refuse(ip);
}

void say_losses(Ledger& ledger) {
  for (const auto& loss : ledger.take_losses())
    log::warn("two Services want one address and port; the first keeps it",
              {{"address", loss.frontend.address.text()},
               {"port", loss.frontend.port},
               {"kept", loss.kept},
               {"left out", loss.left_out}});
}

}  // namespace

Result<std::unique_ptr<NftDataplane>> NftDataplane::open(Options options) {
  return std::unique_ptr<NftDataplane>(
      new NftDataplane(std::move(options), NODAL_TRY(Applier::open())));
}

NftDataplane::NftDataplane(Options options, Applier applier)
    : options_(std::move(options)), applier_(std::move(applier)) {}

Result<> NftDataplane::adopt() {
  for (auto& table : tables_) {
    // Which of the two an earlier process hooked: the next full sync fills the other one.
    for (const char* turn : {"-0", "-1"}) {
      const std::string name = options_.table + turn;
      if (applier_.run(text::cat("list chain ", word(table.family), " ", name, " nat-prerouting")))
        table.name = name;
    }
  }
  known_ = false;
  return {};
}

void NftDataplane::append_change(Table& table, const std::string& in_table, const std::string& key,
                                 const ServicePtr& after, std::string& chains, Transaction& batch) {
  Transaction change = table.ledger.change(key, after);
  for (const auto& [element, value] : change.add)
    if (const auto* verdict = std::get_if<Verdict>(&value))
      if (verdict->size != 0 && table.chains.insert(*verdict).second)
        chains += render_chain(table.family, in_table, *verdict);
  merge(batch, std::move(change));
  if (after && is_programmed(*after) && table.family == Family::ip) say_limits(key, *after, node_);
}

// Each batch has whole Services.
Result<> NftDataplane::flush(const Table& table, std::string& chains, Transaction& batch) {
  if (batch.empty()) return {};
  NODAL_TRY(applier_.run(chains + render(table.family, table.name, batch)));
  chains.clear();
  batch = {};
  return {};
}

// Clients keep their endpoints over a full load, and over a restart: ids of endpoints are the same
// in every table. Not worth a failed load: a client that is lost here picks anew.
void NftDataplane::carry_clients(const Table& from, const Table& to) {
  if (from.name.empty() || std::ranges::none_of(to.chains, &Verdict::is_sticky)) return;
  const auto family = word(from.family);
  const auto listing =
      applier_.run(text::cat("list map ", family, " ", from.name, " ", kAffinityMap));
  if (!listing) return;  // one of an earlier version has none
  const auto clients = remembered(*listing);
  for (std::size_t i = 0; i < clients.size(); i += kBatchElements) {
    std::string batch = text::cat("add element ", family, " ", to.name, " ", kAffinityMap, " { ");
    for (std::size_t j = i; j < std::min(i + kBatchElements, clients.size()); ++j)
      batch += text::cat(j == i ? "" : ", ", clients[j]);
    if (auto done = applier_.run(batch + " }\n"); !done)
      return log::warn("clients with session affinity may change their endpoint once",
                       {{"error", done.error().message}});
  }
}

Result<> NftDataplane::sync_full(Table& table, const ServiceSnapshot& want) {
  Table next(table.family);
  next.name = options_.table + (table.name == options_.table + "-0" ? "-1" : "-0");
  const auto family = word(table.family);

  bool begun = false;
  std::string chains;
  Transaction batch;
  const auto begin = [&]() -> Result<> {
    begun = true;
    NODAL_TRY(
        applier_.run(text::cat("add table ", family, " ", next.name, "\ndelete table ", family, " ",
                               next.name, "\n", render_table(table.family, next.name))));
    return {};
  };
  const auto write = [&]() -> Result<> {
    if (!begun && !batch.empty()) NODAL_TRY(begin());
    return flush(next, chains, batch);
  };
  // The IPv4 table is there even without Services: pods need its masquerade.
  if (table.family == Family::ip) NODAL_TRY(begin());
  for (const auto& shard : want.shards()) {
    for (const auto& [key, service] : *shard) {
      append_change(next, next.name, key, service, chains, batch);
      if (batch.size() >= kBatchElements) NODAL_TRY(write());
    }
  }
  NODAL_TRY(write());

  carry_clients(table, next);
  std::string turn;
  if (begun)
    turn += render_node(table.family, next.name, node_, options_.dns) +
            render_hooks(table.family, next.name);
  if (!table.name.empty())
    turn += text::cat("add table ", family, " ", table.name, "\ndelete table ", family, " ",
                      table.name, "\n");
  if (!turn.empty()) NODAL_TRY(applier_.run(turn));
  if (!begun) next.name.clear();
  table = std::move(next);
  say_losses(table.ledger);
  return {};
}

Result<> NftDataplane::sync_changes(Table& table, const ServiceSnapshot& want,
                                    const std::set<std::string>& services) {
  std::string chains;
  Transaction batch;
  const auto append = [&](const std::set<std::string>& keys) -> Result<> {
    for (const auto& key : keys) {
      append_change(table, table.name, key, want.find(key), chains, batch);
      if (table.name.empty()) continue;
      if (batch.size() >= kBatchElements) NODAL_TRY(flush(table, chains, batch));
    }
    return {};
  };
  NODAL_TRY(append(services));
  // What one Service let go, another that was looked at before it may have waited for.
  NODAL_TRY(append(table.ledger.take_heirs()));
  if (table.name.empty() && !batch.empty()) return sync_full(table, want);
  NODAL_TRY(flush(table, chains, batch));
  say_losses(table.ledger);
  return {};
}

Result<> NftDataplane::sync(const ServiceSnapshot& want, const NodeView& node,
                            const Changes& since) {
  const bool full = !known_ || since.everything;
  const bool node_changed = node_ != node;
  node_ = node;
  known_ = false;  // until the kernel has said yes to all of it
  for (auto& table : tables_) {
    if (full) {
      if (auto done = sync_full(table, want); !done)
        return wrap(text::cat("load table ", options_.table), done.error());
      continue;
    }
    if (node_changed && !table.name.empty()) {
      auto done = applier_.run(render_node(table.family, table.name, node_, options_.dns));
      if (!done) return wrap(text::cat("describe the node in table ", table.name), done.error());
    }
    if (auto done = sync_changes(table, want, since.services); !done)
      return wrap(text::cat("change table ", table.name), done.error());
  }
  known_ = true;
  if (full || since.services.size() >= kBatchElements) give_back_memory();
  return {};
}

// "list chains" asks for no element: listing one chain by its name reads all of its table's.
Result<bool> NftDataplane::intact() {
  if (!known_) return false;
  for (const auto& table : tables_) {
    if (table.name.empty()) continue;
    const auto chains = NODAL_TRY(applier_.run(text::cat("list chains ", word(table.family))));
    if (!is_hooked(chains, table.family, table.name)) return false;
  }
  return true;
}

Result<> NftDataplane::remove() {
  known_ = false;
  for (auto& table : tables_) {
    for (const char* turn : {"-0", "-1"}) {
      const std::string name = options_.table + turn;
      NODAL_TRY(applier_.run(text::cat("add table ", word(table.family), " ", name,
                                       "\ndelete table ", word(table.family), " ", name, "\n")));
    }
    table = Table(table.family);
  }
  return {};
}

Result<std::string> NftDataplane::dump() {
  std::vector<std::string> lines;
  for (const auto& table : tables_) {
    const Elements all = table.ledger.elements();
    for (const auto& [key, value] : all) {
      const auto* verdict = std::get_if<Verdict>(&value);
      if (verdict == nullptr) continue;
      const bool node = key.map == Map::node_ports || key.map == Map::no_endpoint_ports;
      std::string line =
          text::cat(node ? std::string("node") : net::SocketAddress{key.address, 0}.ip.text(), ":",
                    key.port, "/", proxy::name(key.protocol), " -> ");
      if (verdict->size == 0) {
        line += verdict->kind == Verdict::Kind::drop ? "drop" : "reject";
      } else {
        for (std::uint16_t i = 0; i < verdict->size; ++i) {
          Key at = key;
          at.slot = i;
          if (verdict->is_sticky()) {
            at.map = node ? Map::node_slots : Map::slots;
            at.slot = std::get<EndpointId>(all.at(at)).value;
            at.map = node ? Map::node_known : Map::known;
          } else {
            at.map = node ? Map::node_endpoints : Map::endpoints;
          }
          if (i != 0) line += ", ";
          line += std::get<net::SocketAddress>(all.at(at)).text();
        }
        if (verdict->is_sticky()) line += text::cat(" by client, for ", verdict->seconds, " s");
      }
      lines.push_back(std::move(line));
    }
  }
  std::ranges::sort(lines);
  return text::join(lines, "\n") + (lines.empty() ? "" : "\n");
}

}  // namespace nodal::proxy::nft
