// tests/unit/proxy/host_ports_test.cc — nodePorts that are new, and what load balancers are told.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/handle.h"
#include "base/http/client.h"
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

TEST(HealthPorts, OneThatWasTakenIsServedOnceItIsFree) {
  UniqueFd taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(taken.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  ASSERT_EQ(::getsockname(taken.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto number = ntohs(address.sin_port);

  auto service = web();
  service.entry().type = ServiceType::load_balancer;
  service.entry().external_policy = TrafficPolicy::local;
  service.entry().health_check_node_port = number;
  service.to("10.244.1.2:8080");
  const NodeView node;
  HealthPorts ports([&](const std::string&) { return service.build(); });
  const auto follow = [&](const std::vector<ServiceBuilder>& services,
                          const std::map<std::string, ServicePtr>& before) {
    const auto now = test::snapshot(services);
    ports.follow({now, node, before, false});
  };
  const auto status = [&] {
    http::Client client({.address = "http://127.0.0.1:" + std::to_string(number)});
    const auto answer = client.send({});
    return answer ? answer->status : 0;
  };
  follow({service}, {{"default/web", nullptr}});
  taken.reset();
  EXPECT_EQ(status(), 0);
  follow({service}, {});
  EXPECT_EQ(status(), 200);
  follow({}, {{"default/web", service.build()}});
  EXPECT_EQ(status(), 0);
  follow({}, {});
  EXPECT_EQ(status(), 0) << "the Service has gone";
}

}  // namespace
}  // namespace nodal::proxy
