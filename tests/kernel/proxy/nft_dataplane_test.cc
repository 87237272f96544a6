// tests/kernel/proxy/nft_dataplane_test.cc — real connections through the real kernel's tables, in
// private namespaces.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "proxy/nft/dataplane.h"
#include "proxy/nft/forward_gate.h"
#include "proxy/nft/table_watch.h"
#include "tests/support/netns.h"
#include "tests/support/services.h"
#include "tests/support/sockets.h"

namespace nodal::proxy::nft {
namespace {

using test::ask;
using test::Host;
using test::inside;
using test::NameServer;
using test::ServiceBuilder;
using test::snapshot;

const bool kEntered = test::enter_private_netns();

class NftDataplaneTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kEntered) GTEST_SKIP() << "no right to make network namespaces";
    test::sh("sysctl -qw net.ipv4.ip_forward=1");
    // Two pods of this node and a stranger outside; the node is us.
    pod_a_ = std::make_unique<Host>("pod-a", "10.244.1.2", "10.244.1.1");
    pod_b_ = std::make_unique<Host>("pod-b", "10.244.2.2", "10.244.2.1");
    stranger_ = std::make_unique<Host>("stranger", "192.0.2.2", "192.0.2.1");
    test::sh("ip route add 10.96.0.0/16 dev lo src 192.0.2.1");
    a_ = inside(pod_a_->path(),
                [] { return std::make_unique<NameServer>("10.244.1.2", 8080, "a"); });
    b_ = inside(pod_b_->path(),
                [] { return std::make_unique<NameServer>("10.244.2.2", 8080, "b"); });
    a_udp_ = inside(pod_a_->path(), [] {
      return std::make_unique<NameServer>("10.244.1.2", 5353, "a", SOCK_DGRAM);
    });
    node_.name = "node";
    node_.addresses = {test::ip("192.0.2.1")};
    node_.pod_cidrs = {*net::Cidr::parse("10.244.0.0/16")};
    node_.cluster_cidrs = {*net::Cidr::parse("10.244.0.0/16")};
    dataplane_ = NftDataplane::open({.table = "nodal", .dns = {}}).value();
    ASSERT_TRUE(dataplane_->adopt());
  }
  void TearDown() override {
    if (dataplane_) {
      EXPECT_TRUE(dataplane_->remove());
    }
  }

  std::string from(const std::unique_ptr<Host>& host, const std::string& ip, int port,
                   int type = SOCK_STREAM) {
    return inside(host->path(), [&] { return ask(ip, port, type); });
  }
  static ServiceBuilder web() {
    return std::move(ServiceBuilder("web")
                         .cluster_ip("10.96.0.10")
                         .port(80)
                         .node_port(30080)
                         .to("10.244.1.2:8080"));
  }
  void sync(const std::vector<ServiceBuilder>& services) {
    const auto done = dataplane_->sync(snapshot(services), node_, {});
    ASSERT_TRUE(done) << done.error().message;
  }

  std::unique_ptr<Host> pod_a_, pod_b_, stranger_;
  std::unique_ptr<NameServer> a_, b_, a_udp_;
  NodeView node_;
  std::unique_ptr<NftDataplane> dataplane_;
};

TEST_F(NftDataplaneTest, ClusterIpLeadsToTheEndpointFromPodsAndFromTheNode) {
  sync({web()});
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 80), "a 10.244.2.2");
  EXPECT_TRUE(ask("10.96.0.10", 80).starts_with("a "));
}

TEST_F(NftDataplaneTest, NodePortLeadsToTheEndpointAndKeepsTheClientsAddress) {
  sync({web()});
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080), "a 192.0.2.2");
  EXPECT_TRUE(ask("192.0.2.1", 30080).starts_with("a "));
  EXPECT_EQ(from(stranger_, "192.0.2.1", 80), "refused")
      << "the Service's port is not opened on the node";
}

TEST_F(NftDataplaneTest, FlowsSpreadOverAllEndpoints) {
  auto service = web();
  service.to("10.244.2.2:8080");
  sync({service});
  std::set<std::string> seen;
  for (int i = 0; i < 40; ++i) seen.insert(from(stranger_, "192.0.2.1", 30080).substr(0, 1));
  EXPECT_EQ(seen, (std::set<std::string>{"a", "b"}));
}

TEST_F(NftDataplaneTest, SessionAffinityKeepsAClientOnOneEndpoint) {
  auto service = web();
  service.to("10.244.2.2:8080");
  service.entry().affinity_seconds = 10800;
  sync({service});
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) seen.insert(from(stranger_, "192.0.2.1", 30080).substr(0, 1));
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(NftDataplaneTest, APodReachesItselfThroughItsService) {
  sync({web()});
  EXPECT_TRUE(from(pod_a_, "10.96.0.10", 80).starts_with("a ")) << "hairpin";
}

TEST_F(NftDataplaneTest, UdpIsServedToo) {
  sync({std::move(ServiceBuilder("dns")
                      .cluster_ip("10.96.0.11")
                      .port(53, Protocol::udp)
                      .to("10.244.1.2:5353"))});
  EXPECT_EQ(from(pod_b_, "10.96.0.11", 53, SOCK_DGRAM), "a 10.244.2.2");
}

TEST_F(NftDataplaneTest, WithoutEndpointsAConnectionIsRefusedAtOnce) {
  sync({std::move(ServiceBuilder("web")
                      .cluster_ip("10.96.0.10")
                      .port(80)
                      .node_port(30080)
                      .to("10.244.1.2:8080", false))});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 80), "refused");
  EXPECT_EQ(ask("10.96.0.10", 80), "refused");
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080), "refused");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(600));
}

TEST_F(NftDataplaneTest, LocalPolicyWithoutALocalEndpointDrops) {
  auto service =
      std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).node_port(30080));
  service.to("10.244.1.2:8080", true, false);
  service.entry().external_policy = TrafficPolicy::local;
  sync({service});
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080), "timeout");
  EXPECT_TRUE(from(pod_b_, "10.96.0.10", 80).starts_with("a "));
}

TEST_F(NftDataplaneTest, ATerminatingEndpointServesWhenNoneIsReady) {
  sync({std::move(
      ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).terminating("10.244.1.2:8080"))});
  EXPECT_TRUE(from(pod_b_, "10.96.0.10", 80).starts_with("a "));
}

TEST_F(NftDataplaneTest, OneChangedServiceIsChangedAlone) {
  sync({web()});
  auto moved = std::move(ServiceBuilder("web")
                             .cluster_ip("10.96.0.10")
                             .port(80)
                             .node_port(30080)
                             .to("10.244.2.2:8080"));
  ASSERT_TRUE(dataplane_->sync(snapshot({moved}), node_, {false, {"default/web"}}));
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080).substr(0, 1), "b");
  EXPECT_EQ(dataplane_->dump().value(),
            "10.96.0.10:80/TCP -> 10.244.2.2:8080\nnode:30080/TCP -> 10.244.2.2:8080\n");
  ASSERT_TRUE(dataplane_->sync(snapshot({}), node_, {false, {"default/web"}}));
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080), "refused");
  EXPECT_EQ(dataplane_->dump().value(), "");
}

TEST_F(NftDataplaneTest, TheFirstOfTwoServicesKeepsAnAddressAndTheOtherInheritsIt) {
  sync({web()});
  auto thief =
      std::move(ServiceBuilder("x-thief").cluster_ip("10.96.0.10").port(80).to("10.244.2.2:8080"));
  ASSERT_TRUE(dataplane_->sync(snapshot({web(), thief}), node_, {false, {"default/x-thief"}}));
  EXPECT_TRUE(from(pod_b_, "10.96.0.10", 80).starts_with("a "));
  ASSERT_TRUE(dataplane_->sync(snapshot({thief}), node_, {false, {"default/web"}}));
  EXPECT_TRUE(from(pod_a_, "10.96.0.10", 80).starts_with("b "));
}

TEST_F(NftDataplaneTest, ARestartTakesOverWithoutARefusedConnection) {
  sync({web()});
  std::atomic<bool> stop = false;
  std::atomic<int> failures = 0, successes = 0;
  std::thread client([&] {
    inside(stranger_->path(), [&] {
      while (!stop) (ask("192.0.2.1", 30080).starts_with("a ") ? successes : failures)++;
      return 0;
    });
  });
  for (int i = 0; i < 6; ++i) {
    auto next = NftDataplane::open({.table = "nodal", .dns = {}})
                    .value();  // the old one dies without a word
    ASSERT_TRUE(next->adopt());
    ASSERT_TRUE(next->sync(snapshot({web()}), node_, {}));
    dataplane_ = std::move(next);
  }
  stop = true;
  client.join();
  EXPECT_EQ(failures, 0);
  EXPECT_GT(successes, 5);
}

TEST_F(NftDataplaneTest, AFlushBySomebodyElseIsNoticedAndMended) {
  sync({web()});
  std::atomic<int> noticed = 0;
  const auto count = [&](const std::set<std::string>& touched) {
    noticed += touched == std::set<std::string>{"nodal"} ? 1 : 1000;
  };
  auto watch = TableWatch::start({"nodal", "filter"}, count).value();
  // The daemon's writer is not the main thread.
  std::thread([&] {
    EXPECT_TRUE(dataplane_->sync(snapshot({web()}), node_, {}));
    EXPECT_TRUE(dataplane_->sync(snapshot({}), node_, {false, {"default/web"}}));
    EXPECT_TRUE(dataplane_->sync(snapshot({web()}), node_, {false, {"default/web"}}));
  }).join();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(dataplane_->intact().value());
  EXPECT_EQ(noticed, 0) << "our own changes are no news";
  test::sh("nft flush ruleset");
  for (int i = 0; i < 100 && noticed == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(noticed, 1);
  EXPECT_FALSE(dataplane_->intact().value());
  sync({web()});
  EXPECT_TRUE(dataplane_->intact().value());
  EXPECT_TRUE(from(stranger_, "192.0.2.1", 30080).starts_with("a "));
  noticed = 0;
  test::sh("nft flush map ip $(nft list tables | grep -o 'nodal-.') services");
  for (int i = 0; i < 100 && noticed == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(noticed, 1) << "an emptied map of a table that is still hooked";
}

TEST_F(NftDataplaneTest, PodsPassAForwardChainThatDropsByPolicy) {
  sync({web()});
  test::sh(
      "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority "
      "0; policy drop; }'");
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 80), "timeout") << "as a dockerd leaves it";
  ForwardGate gate(Applier::open().value());
  ASSERT_TRUE(gate.open_for(node_.cluster_cidrs));
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 80), "a 10.244.2.2");
  const auto rules = [] {
    return test::sh("test $(nft list chain ip filter FORWARD | grep -c nodal-pods) = 2");
  };
  ASSERT_TRUE(gate.open_for(node_.cluster_cidrs));
  EXPECT_EQ(rules(), 0) << "a second time changes nothing";
  ASSERT_TRUE(gate.close());
  EXPECT_EQ(test::sh("nft list chain ip filter FORWARD | grep -q nodal-pods"), 256);
  test::sh("nft delete table ip filter");
}

TEST_F(NftDataplaneTest, RemoveLeavesNothing) {
  sync({web()});
  ASSERT_TRUE(dataplane_->remove());
  EXPECT_EQ(test::sh("test -z \"$(nft list ruleset)\""), 0);
}

std::vector<ServiceBuilder> thousands(bool with_endpoints) {
  std::vector<ServiceBuilder> out;
  for (int i = 0; i < 3000; ++i) {
    ServiceBuilder service("s" + std::to_string(i));
    service.cluster_ip("10.96." + std::to_string(1 + i / 250) + "." + std::to_string(i % 250))
        .port(80);
    if (with_endpoints) service.to("10.244.1.2:8080").to("10.244.2.2:8080");
    out.push_back(std::move(service));
  }
  return out;
}

TEST_F(NftDataplaneTest, ThousandsOfServicesLoadInBatches) {
  sync(thousands(true));
  EXPECT_NE(from(pod_a_, "10.96.7.77", 80), "refused");
  EXPECT_TRUE(dataplane_->intact().value());
}

TEST_F(NftDataplaneTest, ThousandsOfServicesChangeInBatches) {
  sync({});
  for (const bool with_endpoints : {true, false, true}) {
    const auto services = thousands(with_endpoints);
    Changes changes{false, {}};
    for (const auto& service : services) changes.services.insert(service.key());
    const auto done = dataplane_->sync(snapshot(services), node_, changes);
    ASSERT_TRUE(done) << done.error().message;
    for (const char* ip : {"10.96.1.0", "10.96.7.77", "10.96.12.249"})
      EXPECT_EQ(from(pod_a_, ip, 80) != "refused", with_endpoints) << ip;
  }
}

}  // namespace
}  // namespace nodal::proxy::nft
