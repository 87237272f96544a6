// proxy/nft/ledger.h — which Service holds which frontend of one family's table, and what each
// change costs. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy/nft/ruleset.h"

namespace nodal::proxy::nft {

/// Two Services may want one frontend (an address and port, or a nodePort): the first has it until
/// it lets it go. Elements that many Services may share are there as long as one of them wants
/// them.
class Ledger {
 public:
  explicit Ledger(Family family) : family_(family) {}

  /// The elements that change when the Service becomes `after` (null: it is gone); they count as
  /// written.
  [[nodiscard]] Transaction change(const std::string& key, const ServicePtr& after);
  /// The Services that wait for a frontend released since the last call: change() each of them
  /// again, to what it is.
  [[nodiscard]] std::set<std::string> take_heirs();

  struct Loss {
    Key frontend;
    std::string kept, left_out;  ///< Services
  };
  /// The frontends that Services came to wait for since the last call and still do not have.
  [[nodiscard]] std::vector<Loss> take_losses();

  /// All frontends and endpoints, without the elements that Services share.
  [[nodiscard]] Elements elements() const;

 private:
  using Counts = std::unordered_map<net::IpAddress, std::uint32_t>;
  Counts& counts(Map map);
  [[nodiscard]] bool holds(const std::string& key, const Key& frontend) const;
  void release(const std::string& key, const Key& frontend);

  Family family_;
  std::unordered_map<std::string, ServicePtr> have_;  // what a Service's elements were planned from
  std::map<Key, std::string> owners_;                 // frontends → Service
  std::map<Key, std::set<std::string>> waiting_;      // frontends → Services that lack them
  std::set<std::string> heirs_;
  std::vector<std::pair<Key, std::string>> losses_;
  Counts endpoints_, cluster_ips_, others_;  // addresses → Services that name them
};

/// Adds a later change to a transaction. What it removes and the other added, or the reverse, is
/// left alone when it is shared.
void merge(Transaction& into, Transaction change);

}  // namespace nodal::proxy::nft
