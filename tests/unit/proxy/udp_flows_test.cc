// tests/unit/proxy/udp_flows_test.cc — which UDP flows no Service would send there now.
#include "proxy/udp_flows.h"

#include <gtest/gtest.h>

#include "tests/support/services.h"

namespace nodal::proxy {
namespace {

using test::at;
using test::ServiceBuilder;

NodeView node() {
  NodeView out;
  out.addresses = {test::ip("192.0.2.1")};
  out.service_cidrs = {*net::Cidr::parse("10.96.0.0/16")};
  return out;
}

ServiceBuilder dns() {
  return std::move(
      ServiceBuilder("dns").cluster_ip("10.96.0.20").port(53, Protocol::udp).node_port(30053));
}

std::optional<UdpFlows> after_sync(const std::vector<ServiceBuilder>& now,
                                   const std::map<std::string, ServicePtr>& before,
                                   bool everything = false) {
  const auto snapshot = test::snapshot(now);
  const auto view = node();
  return udp_flows({snapshot, view, before, everything});
}

TEST(UdpFlows, WhoeverIsNoEndpointAnyMoreLosesItsFlows) {
  auto before = dns();
  before.to("10.244.0.2:5353").to("10.244.0.3:5353");
  auto now = dns();
  now.to("10.244.0.3:5353");
  const auto flows = after_sync({now}, {{"default/dns", before.build()}});
  ASSERT_TRUE(flows);
  EXPECT_TRUE(flows->is_stale(at("10.96.0.20:53"), at("10.244.0.2:5353")));
  EXPECT_TRUE(flows->is_stale(at("192.0.2.1:30053"), at("10.244.0.2:5353"))) << "by NodePort";
  EXPECT_FALSE(flows->is_stale(at("10.96.0.20:53"), at("10.244.0.3:5353"))) << "still one";
  EXPECT_FALSE(flows->is_stale(at("192.0.2.9:30053"), at("192.0.2.9:30053"))) << "another host";
  EXPECT_FALSE(flows->is_stale(at("192.0.2.1:9999"), at("10.244.0.2:5353"))) << "no nodePort";
  EXPECT_FALSE(flows->is_stale(at("10.244.0.2:5353"), at("10.244.0.2:5353"))) << "no Service";
}

TEST(UdpFlows, ARestartFindsWhatLeftMeanwhileAndKeepsTheRest) {
  auto now = dns();
  now.to("10.244.0.3:5353");
  const auto flows = after_sync({now}, {{"default/dns", nullptr}}, true);
  ASSERT_TRUE(flows);
  EXPECT_TRUE(flows->is_stale(at("10.96.0.20:53"), at("10.244.0.2:5353")));
  EXPECT_FALSE(flows->is_stale(at("10.96.0.20:53"), at("10.244.0.3:5353")));
  EXPECT_FALSE(flows->is_stale(at("192.0.2.1:30053"), at("10.244.0.3:5353")));
  EXPECT_TRUE(flows->is_stale(at("10.96.0.99:53"), at("10.244.0.2:5353"))) << "a Service that went";
  EXPECT_FALSE(flows->is_stale(at("10.96.0.10:53"), at("10.96.0.10:53"))) << "the node's own DNS";
}

TEST(UdpFlows, WhatAnotherProxyTranslatesIsNeverStale) {
  auto other = std::move(ServiceBuilder("other").cluster_ip("10.96.0.30").port(53, Protocol::udp));
  other.to("10.244.0.4:5353");
  const auto mine = other.build();
  other.entry().other_proxy = true;
  const auto flows = after_sync({dns(), other}, {{"default/other", nullptr}}, true);
  ASSERT_TRUE(flows);
  EXPECT_FALSE(flows->is_stale(at("10.96.0.30:53"), at("10.244.0.9:5353")));
  EXPECT_TRUE(flows->is_stale(at("10.96.0.31:53"), at("10.244.0.9:5353"))) << "nobody's";
  const auto given = after_sync({dns(), other}, {{"default/other", mine}});
  ASSERT_TRUE(given);
  EXPECT_FALSE(given->is_stale(at("10.96.0.30:53"), at("10.244.0.9:5353"))) << "once ours";
  const auto back = after_sync({dns()}, {{"default/other", other.build()}}, true);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->is_stale(at("10.96.0.30:53"), at("10.244.0.9:5353"))) << "it is gone";
}

TEST(UdpFlows, WhatBeganBeforeTheServiceIsStale) {
  auto now = dns();
  now.to("10.244.0.3:5353");
  const auto flows = after_sync({now}, {{"default/dns", nullptr}});
  ASSERT_TRUE(flows);
  EXPECT_TRUE(flows->is_stale(at("10.96.0.20:53"), at("10.96.0.20:53")));
  EXPECT_TRUE(flows->is_stale(at("192.0.2.1:30053"), at("192.0.2.1:30053")));
}

TEST(UdpFlows, WithoutEndpointsAndWithoutTheServiceNobodyAnswers) {
  auto before = dns();
  before.to("10.244.0.2:5353");
  for (const auto& flows : {after_sync({dns()}, {{"default/dns", before.build()}}),
                            after_sync({}, {{"default/dns", before.build()}})}) {
    ASSERT_TRUE(flows);
    EXPECT_TRUE(flows->is_stale(at("10.96.0.20:53"), at("10.244.0.2:5353")));
    EXPECT_TRUE(flows->is_stale(at("192.0.2.1:30053"), at("10.244.0.2:5353")));
  }
}

TEST(UdpFlows, WhatEndsServesAsLongAsNobodyElseIsReady) {
  auto before = dns();
  before.to("10.244.0.2:5353");
  auto now = dns();
  now.terminating("10.244.0.2:5353");
  EXPECT_FALSE(after_sync({now}, {{"default/dns", before.build()}}));
  now.to("10.244.0.3:5353");
  const auto flows = after_sync({now}, {{"default/dns", before.build()}});
  ASSERT_TRUE(flows);
  EXPECT_TRUE(flows->is_stale(at("10.96.0.20:53"), at("10.244.0.2:5353")));
}

TEST(UdpFlows, TheTableIsNotReadForNothing) {
  auto before = dns();
  before.to("10.244.0.2:5353");
  auto more = before;
  more.to("10.244.0.3:5353");
  EXPECT_FALSE(after_sync({more}, {{"default/dns", before.build()}})) << "nobody has left";
  const auto tcp = std::move(ServiceBuilder("web").cluster_ip("10.96.0.21").port(80));
  EXPECT_FALSE(after_sync({tcp}, {{"default/web", nullptr}})) << "TCP connections end";
}

}  // namespace
}  // namespace nodal::proxy
