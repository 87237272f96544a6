// tests/kernel/proxy/frontends_test.cc — what is refused, who may come in, and what no Service may
// take.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/kernel/proxy/dataplane_fixture.h"

namespace nodal::proxy::nft {
namespace {

using test::ask;
using test::ServiceBuilder;

class FrontendsTest : public DataplaneFixture {
 protected:
  static ServiceBuilder balanced(const std::string& ip, std::uint16_t port) {
    auto service =
        std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(port).to("10.244.1.2:8080"));
    service.entry().type = ServiceType::load_balancer;
    service.entry().load_balancer_ips = {test::ip(ip)};
    return service;
  }
};

TEST_F(FrontendsTest, AnotherPortOfAClusterIpAndAFreeClusterIpAreRefusedAtOnce) {
  sync({web()});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 81), "refused");
  EXPECT_EQ(ask("10.96.0.10", 81), "refused");
  EXPECT_EQ(from(pod_b_, "10.96.99.99", 80), "refused");
  EXPECT_EQ(ask("10.96.99.99", 80), "refused");
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 53, SOCK_DGRAM), "refused");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1500));
  EXPECT_EQ(from(pod_b_, "10.244.1.2", 8080), "a 10.244.2.2") << "pods are no Services";
  EXPECT_TRUE(from(pod_b_, "10.96.0.10", 80).starts_with("a "));
}

TEST_F(FrontendsTest, AClusterIpOutsideTheRangeIsRefusedAsLongAsAServiceHasIt) {
  test::sh("ip route add 10.97.0.0/16 dev lo");
  const auto service =
      std::move(ServiceBuilder("far").cluster_ip("10.97.0.10").port(80).to("10.244.1.2:8080"));
  sync({service});
  EXPECT_TRUE(from(pod_b_, "10.97.0.10", 80).starts_with("a "));
  EXPECT_EQ(from(pod_b_, "10.97.0.10", 81), "refused");
  ASSERT_TRUE(dataplane_->sync(test::snapshot({}), node_, {false, {"default/far"}}));
  EXPECT_NE(from(pod_b_, "10.97.0.10", 81), "refused");
  test::sh("ip route del 10.97.0.0/16 dev lo");
}

TEST_F(FrontendsTest, TheNodesOwnDnsIsNotRefused) {
  dataplane_ = NftDataplane::open({.table = "nodal", .dns = {test::ip("10.96.0.53")}}).value();
  ASSERT_TRUE(dataplane_->adopt());
  test::sh("ip addr add 10.96.0.53/32 dev lo");
  const test::NameServer tcp("10.96.0.53", 53, "dns"), udp("10.96.0.53", 53, "dns", SOCK_DGRAM);
  sync({web(), std::move(ServiceBuilder("kube-dns").cluster_ip("10.96.0.53").port(53))});
  EXPECT_EQ(from(pod_b_, "10.96.0.53", 53), "dns 10.244.2.2");
  EXPECT_EQ(from(pod_b_, "10.96.0.53", 53, SOCK_DGRAM), "dns 10.244.2.2");
  EXPECT_TRUE(ask("10.96.0.53", 53).starts_with("dns "));
  EXPECT_EQ(from(pod_b_, "10.96.0.53", 54), "refused") << "by the node itself";
  test::sh("ip addr del 10.96.0.53/32 dev lo");
}

TEST_F(FrontendsTest, AnotherProxysClusterIpIsNotRefusedAndFollowsTheLabel) {
  test::sh("ip addr add 10.96.0.30/32 dev lo");
  const test::NameServer tcp("10.96.0.30", 80, "other"), udp("10.96.0.30", 53, "other", SOCK_DGRAM);
  auto other =
      std::move(ServiceBuilder("other").cluster_ip("10.96.0.30").port(81).to("10.244.1.2:8080"));
  const auto becomes = [&](bool other_proxy) {
    other.entry().other_proxy = other_proxy;
    const auto want = test::snapshot({web(), other});
    EXPECT_TRUE(dataplane_->sync(want, node_, {false, {"default/other"}}));
  };
  other.entry().other_proxy = true;
  sync({web(), other});
  EXPECT_EQ(from(pod_b_, "10.96.0.30", 80), "other 10.244.2.2");
  EXPECT_EQ(from(pod_b_, "10.96.0.30", 53, SOCK_DGRAM), "other 10.244.2.2");
  EXPECT_TRUE(ask("10.96.0.30", 80).starts_with("other "));
  EXPECT_EQ(from(pod_b_, "10.96.99.99", 80), "refused") << "nobody's";
  becomes(false);
  EXPECT_EQ(from(pod_b_, "10.96.0.30", 80), "refused");
  EXPECT_TRUE(from(pod_b_, "10.96.0.30", 81).starts_with("a "));
  becomes(true);
  EXPECT_EQ(from(pod_b_, "10.96.0.30", 80), "other 10.244.2.2");
  ASSERT_TRUE(dataplane_->sync(test::snapshot({web()}), node_, {false, {"default/other"}}));
  EXPECT_EQ(from(pod_b_, "10.96.0.30", 80), "refused") << "gone";
  test::sh("ip addr del 10.96.0.30/32 dev lo");
}

TEST_F(FrontendsTest, ALoadBalancersSourceRangesAreKept) {
  auto service = balanced("203.0.113.9", 80);
  service.entry().load_balancer_source_ranges = {{*net::Cidr::parse("192.0.2.0/24")}};
  sync({service});
  EXPECT_EQ(from(stranger_, "203.0.113.9", 80), "a 192.0.2.2");
  EXPECT_EQ(from(pod_b_, "203.0.113.9", 80), "timeout");
  EXPECT_TRUE(from(pod_b_, "10.96.0.10", 80).starts_with("a ")) << "the ClusterIP is for all";
  service.entry().load_balancer_source_ranges = {{*net::Cidr::parse("10.244.2.0/24")}};
  ASSERT_TRUE(dataplane_->sync(test::snapshot({service}), node_, {false, {"default/web"}}));
  EXPECT_EQ(from(stranger_, "203.0.113.9", 80), "timeout");
  EXPECT_TRUE(from(pod_b_, "203.0.113.9", 80).starts_with("a "));
}

TEST_F(FrontendsTest, ALoadBalancersAddressNeverTakesThePlaceOfTheNodes) {
  const test::NameServer api("192.0.2.1", 6443, "api");
  sync({balanced("192.0.2.1", 6443)});
  EXPECT_EQ(from(stranger_, "192.0.2.1", 6443), "api 192.0.2.2");
  EXPECT_EQ(from(pod_b_, "192.0.2.1", 6443), "api 10.244.2.2");
  EXPECT_TRUE(ask("192.0.2.1", 6443).starts_with("api "));
}

TEST_F(FrontendsTest, ANodePortLeadsToAnEndpointOutsideThePods) {
  const test::Host outside("outside", "198.51.100.2", "198.51.100.1");
  outside.run("ip route del default");
  const auto server = test::inside(
      outside.path(), [] { return std::make_unique<test::NameServer>("198.51.100.2", 8080, "o"); });
  sync({std::move(ServiceBuilder("web")
                      .cluster_ip("10.96.0.10")
                      .port(80)
                      .node_port(30080)
                      .to("198.51.100.2:8080", true, false))});
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080), "o 198.51.100.1") << "it answers through here";
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 80), "o 198.51.100.1");
  EXPECT_EQ(ask("10.96.0.10", 80), "o 198.51.100.1");
}

}  // namespace
}  // namespace nodal::proxy::nft
