// tests/kernel/proxy/host_test.cc — what the proxy does on the host beside its tables: firewalls,
// UDP flows, ports.
#include <gtest/gtest.h>

#include "base/netlink/conntrack.h"
#include "proxy/host/health_ports.h"
#include "proxy/host/taken_ports.h"
#include "proxy/nft/host_gate.h"
#include "proxy/udp_flows.h"
#include "tests/kernel/proxy/dataplane_fixture.h"

namespace nodal::proxy::nft {
namespace {

using test::ask;
using test::ServiceBuilder;

/// A UDP client that keeps its port.
class Talker {
 public:
  Talker(const std::string& ip, int port)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const auto to = test::address_of(ip, port);
    ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  std::string ask() const {
    // An error of the datagram before is reported by this one's call.
    if (::send(socket_.get(), "?", 1, 0) != 1) ::send(socket_.get(), "?", 1, 0);
    pollfd p{socket_.get(), POLLIN, 0};
    char buffer[64];
    if (::poll(&p, 1, 400) <= 0) return "silence";
    const auto n = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    return n < 0 ? "refused" : std::string(buffer, static_cast<std::size_t>(n)).substr(0, 1);
  }

 private:
  UniqueFd socket_;
};

class HostTest : public DataplaneFixture {
 protected:
  static ServiceBuilder dns() {
    return std::move(
        ServiceBuilder("dns").cluster_ip("10.96.0.11").port(53, Protocol::udp).node_port(30053));
  }
  /// A sync and what follows it, as in the daemon.
  void follow(const std::vector<ServiceBuilder>& services,
              const std::map<std::string, ServicePtr>& before, bool everything) {
    const auto now = test::snapshot(services);
    Changes since{everything, {}};
    for (const auto& [key, entry] : before) since.services.insert(key);
    ASSERT_TRUE(dataplane_->sync(now, node_, since));
    const auto flows = udp_flows({now, node_, before, everything});
    if (!flows) return;
    ASSERT_TRUE(netlink::forget_flows(IPPROTO_UDP, [&](const netlink::TrackedFlow& flow) {
      return flows->is_stale(flow.to, flow.by);
    }));
  }
};

TEST_F(HostTest, PodsPassAForwardChainThatDropsByPolicy) {
  sync({web()});
  test::sh(
      "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority "
      "0; policy drop; }'");
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 80), "timeout") << "as a dockerd leaves it";
  HostGate gate(Applier::open().value(), {node_.cluster_cidrs, {}});
  ASSERT_TRUE(gate.open());
  EXPECT_EQ(from(pod_b_, "10.96.0.10", 80), "a 10.244.2.2");
  const auto rules = [] {
    return test::sh("test $(nft list chain ip filter FORWARD | grep -c nodal-pods) = 2");
  };
  ASSERT_TRUE(gate.open());
  EXPECT_EQ(rules(), 0) << "a second time changes nothing";
  ASSERT_TRUE(gate.close());
  EXPECT_EQ(test::sh("nft list chain ip filter FORWARD | grep -q nodal-pods"), 256);
  test::sh("nft delete table ip filter");
}

TEST_F(HostTest, WhatServicesLeadToOutsideThePodsPassesToo) {
  const test::Host outside("outside", "198.51.100.2", "198.51.100.1");
  const auto server = test::inside(
      outside.path(), [] { return std::make_unique<test::NameServer>("198.51.100.2", 8080, "o"); });
  const auto service = std::move(ServiceBuilder("web")
                                     .cluster_ip("10.96.0.10")
                                     .port(80)
                                     .node_port(30080)
                                     .to("198.51.100.2:8080", true, false));
  sync({service});
  test::sh(
      "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority "
      "0; policy drop; }'");
  HostGate gate(Applier::open().value(), {node_.cluster_cidrs, {}});
  ASSERT_TRUE(gate.open());
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080), "timeout");
  const auto with = test::snapshot({service}), without = test::snapshot({});
  ASSERT_TRUE(gate.follow({with, node_, {{"default/web", nullptr}}, false}));
  EXPECT_EQ(from(stranger_, "192.0.2.1", 30080), "o 198.51.100.1");
  ASSERT_TRUE(gate.open());
  EXPECT_EQ(test::sh("test $(nft list chain ip filter FORWARD | grep -c 198.51.100.2) = 2"), 0);
  ASSERT_TRUE(gate.follow({without, node_, {{"default/web", service.build()}}, false}));
  EXPECT_EQ(test::sh("nft list chain ip filter FORWARD | grep -q 198.51.100.2"), 256);
  test::sh("nft delete table ip filter");
}

TEST_F(HostTest, PodsReachDnsAndTheApiServerThroughAnInputChainThatDrops) {
  test::sh("ip addr add 10.96.0.53/32 dev lo");
  dataplane_ = NftDataplane::open({.table = "nodal", .dns = {test::ip("10.96.0.53")}}).value();
  ASSERT_TRUE(dataplane_->adopt());
  const test::NameServer dns("10.96.0.53", 53, "dns", SOCK_DGRAM), api("192.0.2.1", 6443, "api"),
      other("192.0.2.1", 22, "other");
  auto kubernetes = std::move(
      ServiceBuilder("kubernetes").cluster_ip("10.96.0.1").port(443).to("192.0.2.1:6443"));
  sync({kubernetes});
  test::sh(
      "nft 'add table ip filter; add chain ip filter INPUT { type filter hook input priority 0; "
      "policy accept; }'");
  HostGate gate(Applier::open().value(), {node_.cluster_cidrs, {test::ip("10.96.0.53")}});
  const auto now = test::snapshot({kubernetes});
  ASSERT_TRUE(gate.follow({now, node_, {{"default/kubernetes", nullptr}}, true}));
  EXPECT_EQ(test::sh("nft list chain ip filter INPUT | grep -q nodal-pods"), 256)
      << "an open chain is left alone";
  // As a firewall does it: what was there is gone, and all else is dropped.
  test::sh(
      "nft 'delete table ip filter; add table ip filter; add chain ip filter INPUT { type filter "
      "hook input priority 0; policy drop; }; add rule ip filter INPUT ct state established "
      "accept'");
  EXPECT_EQ(from(pod_b_, "10.96.0.1", 443), "timeout");
  ASSERT_TRUE(gate.open());
  EXPECT_EQ(from(pod_b_, "10.96.0.53", 53, SOCK_DGRAM), "dns 10.244.2.2");
  EXPECT_EQ(from(pod_b_, "10.96.0.1", 443), "api 10.244.2.2");
  EXPECT_EQ(from(pod_b_, "192.0.2.1", 22), "timeout") << "nothing else is opened";
  EXPECT_EQ(from(stranger_, "192.0.2.1", 6443), "timeout") << "and only for pods";
  ASSERT_TRUE(gate.close());
  EXPECT_EQ(test::sh("nft list chain ip filter INPUT | grep -q nodal-pods"), 256);
  test::sh("nft delete table ip filter");
  test::sh("ip addr del 10.96.0.53/32 dev lo");
}

TEST_F(HostTest, AUdpFlowFromBeforeTheServiceIsNotLost) {
  sync({});
  const auto talker = test::inside(stranger_->path(), [] { return Talker("192.0.2.1", 30053); });
  EXPECT_EQ(talker.ask(), "refused");
  auto service = dns();
  service.to("10.244.1.2:5353");
  follow({service}, {{"default/dns", nullptr}}, false);
  talker.ask();  // may still tell of the datagram before
  EXPECT_EQ(talker.ask(), "a");
}

TEST_F(HostTest, AUdpFlowWhoseEndpointLeftWhileNobodyLookedFollowsItsService) {
  const auto b = test::inside(pod_b_->path(), [] {
    return std::make_unique<test::NameServer>("10.244.2.2", 5353, "b", SOCK_DGRAM);
  });
  auto service = dns();
  service.to("10.244.1.2:5353");
  follow({service}, {{"default/dns", nullptr}}, true);
  const auto talker = test::inside(stranger_->path(), [] { return Talker("192.0.2.1", 30053); });
  const auto inner = test::inside(pod_b_->path(), [] { return Talker("10.96.0.11", 53); });
  EXPECT_EQ(talker.ask(), "a");
  EXPECT_EQ(inner.ask(), "a");
  auto moved = dns();
  moved.to("10.244.2.2:5353");
  dataplane_ = NftDataplane::open({.table = "nodal", .dns = {}}).value();
  ASSERT_TRUE(dataplane_->adopt());
  follow({moved}, {{"default/dns", nullptr}}, true);
  EXPECT_EQ(talker.ask(), "b");
  EXPECT_EQ(inner.ask(), "b");
  // And one that is valid stays: its entry is the very same.
  const auto count = [&] {
    int flows = 0;
    EXPECT_TRUE(netlink::forget_flows(IPPROTO_UDP, [&](const netlink::TrackedFlow& flow) {
      flows += flow.by == test::at("10.244.2.2:5353") ? 1 : 0;
      return false;
    }));
    return flows;
  };
  EXPECT_EQ(count(), 2);
  follow({moved}, {{"default/dns", nullptr}}, true);
  EXPECT_EQ(count(), 2);
  follow({}, {{"default/dns", moved.build()}}, false);
  EXPECT_EQ(count(), 0) << "the Service is gone";
}

TEST_F(HostTest, ANodePortThatAProgramListensOnIsNoticed) {
  const test::NameServer everywhere("0.0.0.0", 30081, "x"), loopback("127.0.0.1", 30082, "x"),
      udp("192.0.2.1", 30083, "x", SOCK_DGRAM);
  EXPECT_TRUE(is_taken(Protocol::tcp, test::at("192.0.2.1:30081")));
  EXPECT_FALSE(is_taken(Protocol::udp, test::at("192.0.2.1:30081")));
  EXPECT_FALSE(is_taken(Protocol::tcp, test::at("192.0.2.1:30082"))) << "not reached by NodePort";
  EXPECT_TRUE(is_taken(Protocol::udp, test::at("192.0.2.1:30083")));
  EXPECT_FALSE(is_taken(Protocol::tcp, test::at("192.0.2.1:30084")));
}

TEST_F(HostTest, AHealthCheckNodePortTellsOfLocalEndpoints) {
  auto service = web();
  service.entry().type = ServiceType::load_balancer;
  service.entry().external_policy = TrafficPolicy::local;
  service.entry().health_check_node_port = 30999;
  std::atomic<bool> has_endpoint = true;
  auto without = service;
  without.entry().ports[0].endpoints.clear();
  HealthPorts ports(
      [&](const std::string&) { return has_endpoint ? service.build() : without.build(); });
  const auto now = test::snapshot({service}), gone = test::snapshot({});
  const auto code = [&] {
    return stranger_->run(
        "sh -c 'exit $(($(curl -s -o /dev/null -w %{http_code} --max-time 1 "
        "http://192.0.2.1:30999/healthz) / 100))'");
  };
  ports.follow({now, node_, {{"default/web", nullptr}}, true});
  EXPECT_EQ(code(), 2 << 8);
  has_endpoint = false;
  EXPECT_EQ(code(), 5 << 8);
  ports.follow({gone, node_, {{"default/web", service.build()}}, false});
  EXPECT_EQ(code(), 0) << "nobody answers";
}

}  // namespace
}  // namespace nodal::proxy::nft
