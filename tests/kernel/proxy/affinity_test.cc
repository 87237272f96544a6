// tests/kernel/proxy/affinity_test.cc — clients keep their endpoints, as long as they may.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/kernel/proxy/dataplane_fixture.h"

namespace nodal::proxy::nft {
namespace {

using test::ServiceBuilder;
using namespace std::chrono_literals;

class AffinityTest : public DataplaneFixture {
 protected:
  static ServiceBuilder sticky(std::uint32_t seconds) {
    auto service = web();
    service.to("10.244.2.2:8080");
    service.entry().affinity_seconds = seconds;
    return service;
  }
  // Which endpoint answers: the node's clients come by ClusterIP, strangers by NodePort.
  std::string answers() {
    return test::ask("10.96.0.10", 80).substr(0, 1) +
           from(stranger_, "192.0.2.1", 30080).substr(0, 1);
  }
};

TEST_F(AffinityTest, AClientStaysUntilTheTimeoutSinceItsLastConnection) {
  sync({sticky(1)});
  const auto first = answers();
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(400ms);
    EXPECT_EQ(answers(), first);
  }
  bool moved = false;
  for (int i = 0; i < 12 && !moved; ++i) {
    std::this_thread::sleep_for(1200ms);
    moved = answers() != first;
  }
  EXPECT_TRUE(moved) << "after the timeout an endpoint is chosen anew";
}

TEST_F(AffinityTest, EndpointsThatComeMoveNobodyAndOneThatGoesLosesItsClients) {
  sync({sticky(600)});
  const auto change = [&](const ServiceBuilder& service) {
    ASSERT_TRUE(dataplane_->sync(test::snapshot({service}), node_, {false, {"default/web"}}));
  };
  const auto first = answers();
  // Sorted before the others: the slots of all change.
  auto more = sticky(600);
  auto& endpoints = more.entry().ports[0].endpoints;
  for (const char* address : {"10.244.1.2:8079", "10.244.1.2:8078"}) {
    auto endpoint = endpoints.front();
    endpoint.address = test::at(address);
    endpoints.insert(endpoints.begin(), endpoint);
    change(more);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(answers(), first);
  }
  change(sticky(600));
  EXPECT_EQ(answers(), first);
  auto only_b = sticky(600);
  only_b.entry().ports[0].endpoints.erase(only_b.entry().ports[0].endpoints.begin());
  change(only_b);
  EXPECT_EQ(answers(), "bb");
  change(sticky(600));
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(answers(), "bb") << "remembered in place of the one that went";
}

TEST_F(AffinityTest, AFullLoadAndARestartForgetNobody) {
  sync({sticky(600)});
  const auto first = answers();
  for (int i = 0; i < 5; ++i) {
    auto next = NftDataplane::open({.table = "nodal", .dns = {}}).value();
    ASSERT_TRUE(next->adopt());
    dataplane_ = std::move(next);
    sync({sticky(600)});
    ASSERT_EQ(answers(), first);
  }
}

TEST_F(AffinityTest, UdpClientsAreRememberedToo) {
  auto b = test::inside(pod_b_->path(), [] {
    return std::make_unique<test::NameServer>("10.244.2.2", 5353, "b", SOCK_DGRAM);
  });
  auto service = std::move(ServiceBuilder("dns")
                               .cluster_ip("10.96.0.11")
                               .port(53, Protocol::udp)
                               .to("10.244.1.2:5353")
                               .to("10.244.2.2:5353"));
  service.entry().affinity_seconds = 600;
  sync({service});
  const auto first = test::ask("10.96.0.11", 53, SOCK_DGRAM).substr(0, 1);
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(test::ask("10.96.0.11", 53, SOCK_DGRAM).substr(0, 1), first);
}

}  // namespace
}  // namespace nodal::proxy::nft
