// tests/unit/proxy/host_ports_test.cc — nodePorts that are new, and what load balancers are told.
#include <gtest/gtest.h>

#include "proxy/host/health_ports.h"
#include "proxy/host/taken_ports.h"
#include "tests/support/services.h"

namespace nodal::proxy {
namespace {

using test::ServiceBuilder;

ServiceBuilder web() {
  return std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).node_port(30080));
}

TEST(TakenPorts, OnlyNodePortsThatAreNewAreLookedAt) {
  const NodeView node;
  const auto now = test::snapshot({web()});
  const auto ask = [&](const ServicePtr& before) {
    const std::map<std::string, ServicePtr> changed{{"default/web", before}};
    return new_node_ports({now, node, changed, false});
  };
  EXPECT_EQ(ask(nullptr), (std::vector<NewNodePort>{{Protocol::tcp, 30080, "default/web"}}));
  EXPECT_TRUE(ask(web().to("10.244.1.2:8080").build()).empty());
  auto other = web();
  other.entry().ports[0].node_port = 30081;
  EXPECT_EQ(ask(other.build()).size(), 1u);
}

TEST(HealthPorts, OnlyLoadBalancersOfLocalEndpointsHaveOne) {
  auto service = web();
  service.entry().health_check_node_port = 30999;
  service.entry().type = ServiceType::load_balancer;
  EXPECT_EQ(health_port(service.entry()), 0);
  service.entry().external_policy = TrafficPolicy::local;
  EXPECT_EQ(health_port(service.entry()), 30999);
  service.entry().other_proxy = true;
  EXPECT_EQ(health_port(service.entry()), 0);
}

TEST(HealthPorts, TheAnswerCountsReadyEndpointsOfThisNode) {
  auto service = web();
  service.to("10.244.1.2:8080", true, false).to("10.244.1.3:8080", false, true);
  EXPECT_EQ(health_answer(service.entry()).status, 503);
  service.to("10.244.1.4:8080").to("10.244.1.5:8080");
  const auto answer = health_answer(service.entry());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("X-Load-Balancing-Endpoint-Weight"), "2");
  EXPECT_EQ(answer.text(), R"({"service":{"namespace":"default","name":"web"},"localEndpoints":2,)"
                           R"("serviceProxyHealthy":true})"
                           "\n");
}

}  // namespace
}  // namespace nodal::proxy
