// tests/unit/proxy/nft/ledger_test.cc — who holds a frontend that two Services want.
#include "proxy/nft/ledger.h"

#include <gtest/gtest.h>

#include "tests/support/services.h"

namespace nodal::proxy::nft {
namespace {

using test::ServiceBuilder;

ServicePtr node_port(const std::string& name, const std::string& ip, std::uint16_t port) {
  auto service = std::move(ServiceBuilder(name, name.substr(0, 1)).cluster_ip(ip).port(80));
  if (port != 0) service.node_port(port);
  return service.to("10.244.1.2:8080").build();
}

/// The table as a transaction leaves it: each element is removed when it is there, added when not.
class Kernel {
 public:
  void apply(const Transaction& transaction) {
    for (const auto& [key, value] : transaction.remove) EXPECT_EQ(elements_.erase(key), 1u);
    for (const auto& [key, value] : transaction.add)
      EXPECT_TRUE(elements_.emplace(key, value).second);
  }
  [[nodiscard]] bool has_node_port(std::uint16_t port) const {
    return elements_.contains({Map::node_ports, Protocol::tcp, {}, port, 0});
  }
  [[nodiscard]] std::size_t size() const { return elements_.size(); }

 private:
  Elements elements_;
};

// In the order of the keys "a/x" is looked at before "b/y" lets the port go.
TEST(NftLedger, WhatOneServiceLetsGoAnotherThatWaitsGetsInTheSameSync) {
  Ledger ledger(Family::ip);
  Kernel kernel;
  kernel.apply(ledger.change("b/y", node_port("b", "10.96.0.2", 30080)));
  Transaction batch;
  merge(batch, ledger.change("a/x", node_port("a", "10.96.0.1", 30080)));
  EXPECT_TRUE(ledger.take_heirs().empty());
  merge(batch, ledger.change("b/y", node_port("b", "10.96.0.2", 30081)));
  EXPECT_EQ(ledger.take_heirs(), std::set<std::string>{"a/x"});
  merge(batch, ledger.change("a/x", node_port("a", "10.96.0.1", 30080)));
  EXPECT_TRUE(ledger.take_losses().empty()) << "nobody lacks anything in the end";
  kernel.apply(batch);
  EXPECT_TRUE(kernel.has_node_port(30080));
  EXPECT_TRUE(kernel.has_node_port(30081));
}

TEST(NftLedger, TheFirstKeepsAFrontendAndTheLossIsToldOnce) {
  Ledger ledger(Family::ip);
  static_cast<void>(ledger.change("b/y", node_port("b", "10.96.0.2", 30080)));
  static_cast<void>(ledger.change("a/x", node_port("a", "10.96.0.1", 30080)));
  const auto losses = ledger.take_losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].kept, "b/y");
  EXPECT_EQ(losses[0].left_out, "a/x");
  EXPECT_EQ(losses[0].frontend.port, 30080);
  EXPECT_TRUE(ledger.change("a/x", node_port("a", "10.96.0.1", 30080)).empty());
  EXPECT_TRUE(ledger.take_losses().empty());
  static_cast<void>(ledger.change("a/x", node_port("a", "10.96.0.1", 0)));
  static_cast<void>(ledger.change("b/y", nullptr));
  EXPECT_TRUE(ledger.take_heirs().empty()) << "nobody waits any more";
}

TEST(NftLedger, WhatServicesShareStaysUntilTheLastOfThemGoes) {
  Ledger ledger(Family::ip);
  Kernel kernel;
  kernel.apply(ledger.change("a/x", node_port("a", "10.96.0.1", 0)));
  kernel.apply(ledger.change("b/y", node_port("b", "10.96.0.2", 0)));
  const Elements hairpin = {{{Map::hairpin, Protocol::tcp, test::ip("10.244.1.2"), 0, 0}, {}}};
  auto change = ledger.change("a/x", nullptr);
  EXPECT_FALSE(change.remove.contains(hairpin.begin()->first));
  kernel.apply(change);
  change = ledger.change("b/y", nullptr);
  EXPECT_TRUE(change.remove.contains(hairpin.begin()->first));
  kernel.apply(change);
  EXPECT_EQ(kernel.size(), 0u);
}

TEST(NftLedger, AServiceThatGoesToAnotherProxyChangesSetsAndComesBack) {
  Ledger ledger(Family::ip);
  Kernel kernel;
  const auto mine = node_port("a", "10.96.0.1", 0);
  auto given = std::make_shared<ServiceEntry>(*mine);
  given->other_proxy = true;
  const Key other{.map = Map::others, .address = test::ip("10.96.0.1")};
  const Key own{.map = Map::cluster_ips, .address = test::ip("10.96.0.1")};
  kernel.apply(ledger.change("a/x", mine));
  auto change = ledger.change("a/x", given);
  EXPECT_TRUE(change.remove.contains(own));
  EXPECT_TRUE(change.add.contains(other));
  kernel.apply(change);
  EXPECT_EQ(kernel.size(), 1u);
  change = ledger.change("a/x", mine);
  EXPECT_TRUE(change.remove.contains(other));
  EXPECT_TRUE(change.add.contains(own));
  kernel.apply(change);
  kernel.apply(ledger.change("a/x", nullptr));
  EXPECT_EQ(kernel.size(), 0u);
}

}  // namespace
}  // namespace nodal::proxy::nft
