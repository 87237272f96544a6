// tests/kernel/proxy/dataplane_fixture.h — a node with two pods and a stranger, in private
// namespaces, and the dataplane on it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "proxy/nft/dataplane.h"
#include "tests/support/netns.h"
#include "tests/support/services.h"
#include "tests/support/sockets.h"

namespace nodal::proxy::nft {

inline const bool kEntered = test::enter_private_netns();

class DataplaneFixture : public testing::Test {
 protected:
  void SetUp() override {
    if (!kEntered) GTEST_SKIP() << "no right to make network namespaces";
    test::sh("sysctl -qw net.ipv4.ip_forward=1");
    // Two pods of this node and a stranger outside; the node is us.
    pod_a_ = std::make_unique<test::Host>("pod-a", "10.244.1.2", "10.244.1.1");
    pod_b_ = std::make_unique<test::Host>("pod-b", "10.244.2.2", "10.244.2.1");
    stranger_ = std::make_unique<test::Host>("stranger", "192.0.2.2", "192.0.2.1");
    test::sh("ip route add 10.96.0.0/16 dev lo src 192.0.2.1");
    a_ = test::inside(pod_a_->path(),
                      [] { return std::make_unique<test::NameServer>("10.244.1.2", 8080, "a"); });
    b_ = test::inside(pod_b_->path(),
                      [] { return std::make_unique<test::NameServer>("10.244.2.2", 8080, "b"); });
    a_udp_ = test::inside(pod_a_->path(), [] {
      return std::make_unique<test::NameServer>("10.244.1.2", 5353, "a", SOCK_DGRAM);
    });
    node_.name = "node";
    node_.addresses = {test::ip("192.0.2.1")};
    node_.pod_cidrs = {*net::Cidr::parse("10.244.0.0/16")};
    node_.cluster_cidrs = {*net::Cidr::parse("10.244.0.0/16")};
    node_.service_cidrs = {*net::Cidr::parse("10.96.0.0/16")};
    dataplane_ = NftDataplane::open({.table = "nodal", .dns = {}}).value();
    ASSERT_TRUE(dataplane_->adopt());
  }
  void TearDown() override {
    if (dataplane_) {
      EXPECT_TRUE(dataplane_->remove());
    }
  }

  std::string from(const std::unique_ptr<test::Host>& host, const std::string& ip, int port,
                   int type = SOCK_STREAM) {
    return test::inside(host->path(), [&] { return test::ask(ip, port, type); });
  }
  static test::ServiceBuilder web() {
    return std::move(test::ServiceBuilder("web")
                         .cluster_ip("10.96.0.10")
                         .port(80)
                         .node_port(30080)
                         .to("10.244.1.2:8080"));
  }
  void sync(const std::vector<test::ServiceBuilder>& services) {
    const auto done = dataplane_->sync(test::snapshot(services), node_, {});
    ASSERT_TRUE(done) << done.error().message;
  }

  std::unique_ptr<test::Host> pod_a_, pod_b_, stranger_;
  std::unique_ptr<test::NameServer> a_, b_, a_udp_;
  NodeView node_;
  std::unique_ptr<NftDataplane> dataplane_;
};

}  // namespace nodal::proxy::nft
