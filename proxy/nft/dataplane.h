// proxy/nft/dataplane.h — Services on nftables: two tables that take turns, rules constant, state
// in map elements.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proxy/dataplane.h"
#include "proxy/nft/applier.h"
#include "proxy/nft/ledger.h"
#include "proxy/nft/ruleset.h"

namespace nodal::proxy::nft {

/// A full sync fills a second, unhooked table in batches of bounded size, then hooks it and deletes
/// the first in one transaction: no packet meets half a table, whatever an earlier process (or
/// version) left, and no reading back is needed. Later syncs change the elements of the changed
/// Services only.
///
/// Thread: owned by the sync loop. Privilege: CAP_NET_ADMIN in the namespace of the thread that
/// opens it. After an error the kernel is unchanged (a batch is atomic) but what it holds is
/// unknown: the next sync is full.
class NftDataplane final : public Dataplane {
 public:
  struct Options {
    std::string table = "nodal";  ///< prefix of the two tables' names
    std::vector<net::IpAddress>
        dns;  ///< the cluster DNS addresses that this node answers itself, untracked
  };
  static Result<std::unique_ptr<NftDataplane>> open(Options options);

  Result<> adopt() override;
  Result<> sync(const ServiceSnapshot& want, const NodeView& node, const Changes& since) override;
  Result<bool> intact() override;
  Result<> remove() override;
  Result<std::string> dump() override;

 private:
  struct Table {
    explicit Table(Family of) : family(of), ledger(of) {}
    Family family;
    std::string name;  ///< the one that is hooked; "" none
    Ledger ledger;
    std::set<Verdict> chains;
  };

  NftDataplane(Options options, Applier applier);
  /// Has the kernel take a batch, and empties it.
  Result<> flush(const Table& table, std::string& chains, Transaction& batch);
  void carry_clients(const Table& from, const Table& to);
  Result<> sync_full(Table& table, const ServiceSnapshot& want);
  Result<> sync_changes(Table& table, const ServiceSnapshot& want,
                        const std::set<std::string>& services);
  /// Adds one Service's change to a batch.
  void append_change(Table& table, const std::string& in_table, const std::string& key,
                     const ServicePtr& after, std::string& chains, Transaction& batch);

  Options options_;
  Applier applier_;
  NodeView node_;
  bool known_ = false;
  std::array<Table, 2> tables_{Table(Family::ip), Table(Family::ip6)};
};

}  // namespace nodal::proxy::nft
