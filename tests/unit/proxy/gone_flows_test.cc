// tests/unit/proxy/gone_flows_test.cc — which UDP flows have lost their endpoint.
#include "proxy/gone_flows.h"

#include <gtest/gtest.h>

namespace nodal::proxy {
namespace {

net::SocketAddress at(const char* text) { return net::SocketAddress::parse(text).value(); }

ServiceEntry dns(std::vector<const char*> endpoints, Protocol protocol = Protocol::udp) {
  ServiceEntry out;
  out.cluster_ips = {net::IpAddress::parse("10.96.0.20").value()};
  ServicePort port;
  port.protocol = protocol;
  port.port = 53;
  port.node_port = 30053;
  for (const char* text : endpoints) {
    Endpoint endpoint;
    endpoint.address = at(text);
    port.endpoints.push_back(endpoint);
  }
  out.ports.push_back(port);
  return out;
}

TEST(GoneFlows, TheEndpointThatLeavesTakesItsFlows) {
  const auto before = dns({"10.244.0.2:5353", "10.244.0.3:5353"});
  const auto after = dns({"10.244.0.3:5353"});
  const auto gone = gone_udp_flows(&before, &after);
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_TRUE(gone[0].contains(at("10.96.0.20:53"), at("10.244.0.2:5353")));
  EXPECT_TRUE(gone[0].contains(at("192.0.2.1:30053"), at("10.244.0.2:5353"))) << "by NodePort";
  EXPECT_FALSE(gone[0].contains(at("10.96.0.20:53"), at("10.244.0.3:5353"))) << "another answers";
  EXPECT_FALSE(gone[0].contains(at("10.96.0.99:53"), at("10.244.0.2:5353"))) << "another Service";
  EXPECT_FALSE(gone[0].contains(at("10.244.0.2:5353"), at("10.244.0.2:5353"))) << "no Service";
}

TEST(GoneFlows, OneThatEndsOrIsNotReadyHasLeft) {
  const auto before = dns({"10.244.0.2:5353"});
  auto after = before;
  EXPECT_TRUE(gone_udp_flows(&before, &after).empty());
  after.ports[0].endpoints[0].terminating = true;
  EXPECT_EQ(gone_udp_flows(&before, &after).size(), 1u);
  after = before;
  after.ports[0].endpoints[0].ready = false;
  EXPECT_EQ(gone_udp_flows(&before, &after).size(), 1u);
  EXPECT_EQ(gone_udp_flows(&before, nullptr).size(), 1u);
}

TEST(GoneFlows, OtherProtocolsEndThemselves) {
  const auto before = dns({"10.244.0.2:5353"}, Protocol::tcp);
  EXPECT_TRUE(gone_udp_flows(&before, nullptr).empty());
  EXPECT_TRUE(gone_udp_flows(nullptr, &before).empty());
}

}  // namespace
}  // namespace nodal::proxy
