// tests/kernel/proxy/nft_dataplane_test.cc — real connections through the real kernel's tables, in
// private namespaces.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "proxy/nft/table_watch.h"
#include "tests/kernel/proxy/dataplane_fixture.h"

namespace nodal::proxy::nft {
namespace {

using test::ask;
using test::inside;
using test::ServiceBuilder;
using test::snapshot;

class NftDataplaneTest : public DataplaneFixture {};

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
