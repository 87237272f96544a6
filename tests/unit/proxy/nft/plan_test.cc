// tests/unit/proxy/nft/plan_test.cc — one Service's elements, and differences that always arrive.
#include <gtest/gtest.h>

#include <random>

#include "proxy/nft/ruleset.h"
#include "tests/support/services.h"

namespace nodal::proxy::nft {
namespace {

using test::ServiceBuilder;

std::string text_of(const Elements& elements) { return render(Family::ip, "t", {{}, elements}); }

TEST(NftPlan, AClusterIpIsAVerdictItsEndpointsAndTheirHairpins) {
  const auto service =
      std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).to("10.244.1.2:8080"));
  EXPECT_EQ(text_of(plan(*service.build(), Family::ip)),
            "add element ip t tcp_endpoints { 10.96.0.10 . 80 . 0 : 10.244.1.2 . 8080 }\n"
            "add element ip t hairpin { 10.244.1.2 . 10.244.1.2 }\n"
            "add element ip t cluster_ips { 10.96.0.10 }\n"
            "add element ip t services { 10.96.0.10 . tcp . 80 : goto pick-1 }\n");
}

TEST(NftPlan, ANodePortNeedsNoElementPerNodeAddress) {
  const auto service =
      std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).node_port(30080));
  EXPECT_EQ(text_of(plan(*service.build(), Family::ip)),
            "add element ip t cluster_ips { 10.96.0.10 }\n"
            "add element ip t no_endpoints { 10.96.0.10 . tcp . 80 : goto refuse-now }\n"
            "add element ip t no_endpoint_ports { tcp . 30080 : goto refuse-now }\n");
}

TEST(NftPlan, OtherFamiliesHeadlessAndExternalNamesAskForNothing) {
  auto service =
      std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).to("10.244.1.2:8080"));
  EXPECT_TRUE(plan(*service.build(), Family::ip6).empty());
  service.entry().headless = true;
  EXPECT_TRUE(plan(*service.build(), Family::ip).empty());
  service.entry().headless = false;
  service.entry().type = ServiceType::external_name;
  EXPECT_TRUE(plan(*service.build(), Family::ip).empty());
  service.entry().type = ServiceType::cluster_ip;
  EXPECT_FALSE(plan(*service.build(), Family::ip).empty());
}

TEST(NftPlan, OfAnotherProxysServiceOnlyTheClusterIpsAreKnown) {
  auto service = std::move(ServiceBuilder("web")
                               .cluster_ip("10.96.0.10")
                               .cluster_ip("fd00::10")
                               .port(80)
                               .node_port(30080)
                               .to("10.244.1.2:8080"));
  service.entry().external_ips = {test::ip("203.0.113.9")};
  service.entry().other_proxy = true;
  EXPECT_EQ(text_of(plan(*service.build(), Family::ip)),
            "add element ip t others { 10.96.0.10 }\n");
  EXPECT_EQ(render(Family::ip6, "t", {{}, plan(*service.build(), Family::ip6)}),
            "add element ip6 t others { fd00::10 }\n");
}

TEST(NftRules, AnotherProxysAddressesReturnBeforeTheRefusals) {
  for (const auto family : {Family::ip, Family::ip6}) {
    const auto table = render_table(family, "t");
    const auto others = table.find(" daddr @others return\n");
    ASSERT_NE(others, std::string::npos);
    EXPECT_LT(others, table.find(" daddr @cluster_ips goto refuse-now"));
    EXPECT_LT(others, table.find(" daddr @service_range goto refuse-now"));
  }
}

TEST(NftPlan, AnEndpointKeepsItsIdWhateverOthersComeAndGo) {
  auto service = std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80));
  service.entry().affinity_seconds = 60;
  const auto ids = [&] {
    std::map<net::SocketAddress, std::uint32_t> out;
    for (const auto& [key, value] : plan(*service.build(), Family::ip))
      if (key.map == Map::known) out.emplace(std::get<net::SocketAddress>(value), key.slot);
    return out;
  };
  service.to("10.244.1.2:8080").to("10.244.1.3:8080");
  const auto two = ids();
  ASSERT_EQ(two.size(), 2u);
  auto& endpoints = service.entry().ports[0].endpoints;
  endpoints.erase(endpoints.begin());
  service.to("10.244.1.9:8080");
  EXPECT_EQ(ids().at(test::at("10.244.1.3:8080")), two.at(test::at("10.244.1.3:8080")));
}

TEST(NftPlan, AffinityIsAChainPerCountAndTimeout) {
  auto service = std::move(ServiceBuilder("web")
                               .cluster_ip("10.96.0.10")
                               .port(80)
                               .node_port(30080)
                               .to("10.244.1.2:8080"));
  service.entry().affinity_seconds = 60;
  const auto text = text_of(plan(*service.build(), Family::ip));
  EXPECT_NE(text.find("services { 10.96.0.10 . tcp . 80 : goto sticky-1-60 }"), std::string::npos)
      << text;
  EXPECT_NE(text.find("node_ports { tcp . 30080 : goto node-sticky-1-60 }"), std::string::npos);
  EXPECT_NE(render_chain(Family::ip, "t", {Verdict::Kind::sticky, 3, 60}).find("timeout 60s"),
            std::string::npos);
}

TEST(NftPlan, SourcesAreLimitedForTheLoadBalancersAddressAlone) {
  auto service = std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80));
  service.entry().load_balancer_ips = {test::ip("203.0.113.9")};
  EXPECT_EQ(text_of(plan(*service.build(), Family::ip)).find("limited"), std::string::npos);
  service.entry().load_balancer_source_ranges = {{*net::Cidr::parse("192.0.2.0/24"),
                                                  *net::Cidr::parse("192.0.2.128/25"),
                                                  *net::Cidr::parse("2001:db8::/32")}};
  const auto text = text_of(plan(*service.build(), Family::ip));
  EXPECT_NE(text.find("limited { 203.0.113.9 . tcp . 80 }"), std::string::npos) << text;
  EXPECT_NE(text.find("sources { 203.0.113.9 . tcp . 80 . 192.0.2.0/24 }"), std::string::npos)
      << text;
}

TEST(NftRemembered, ClientsAreReadBackFromAListing) {
  EXPECT_TRUE(remembered("table ip t {\n\tmap affinity {\n\t}\n}\n").empty());
  EXPECT_EQ(
      remembered("table ip t {\n\tmap affinity {\n\t\telements = { 192.0.2.2 . 10.96.0.10 . tcp "
                 ". 80 timeout 1m expires 59s840ms : ab:1,\n\t\t\t     192.0.2.3 . 10.96.0.10 . "
                 "tcp . 80 timeout 1m : ab:1 }\n\t}\n}\n"),
      (std::vector<std::string>{
          "192.0.2.2 . 10.96.0.10 . tcp . 80 timeout 1m expires 59s840ms : ab:1"}));
}

TEST(NftDiff, ScalingTouchesOneServicesElementsOnly) {
  auto service =
      std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).to("10.244.1.2:8080"));
  const auto have = plan(*service.build(), Family::ip);
  service.to("10.244.1.3:8080");
  const auto change = diff(have, plan(*service.build(), Family::ip));
  EXPECT_EQ(change.remove.size(), 1u) << "the verdict pick-1";
  EXPECT_EQ(change.add.size(), 3u) << "the verdict pick-2, an endpoint, its hairpin";
}

TEST(NftDiff, NothingChangedNothingDone) {
  const auto service =
      std::move(ServiceBuilder("web").cluster_ip("10.96.0.10").port(80).to("10.244.1.2:8080"));
  EXPECT_TRUE(diff(plan(*service.build(), Family::ip), plan(*service.build(), Family::ip)).empty());
}

TEST(NftDiff, AlwaysArrives) {  // property: applied(have, diff(have, want)) == want, and no element
                                // is added twice
  std::mt19937 random(42);
  Elements have;
  for (int step = 0; step < 500; ++step) {
    ServiceBuilder service("web");
    service.cluster_ip("10.96.0.10")
        .port(static_cast<std::uint16_t>(80 + random() % 2),
              random() % 2 ? Protocol::tcp : Protocol::udp);
    if (random() % 2) service.node_port(30080);
    for (unsigned i = 0, n = random() % 6; i < n; ++i)
      service.to("10.244.1." + std::to_string(random() % 20) + ":8080", random() % 4 != 0,
                 random() % 2);
    if (random() % 3 == 0) service.entry().internal_policy = TrafficPolicy::local;
    if (random() % 3 == 0) service.entry().affinity_seconds = 60 + random() % 2;
    const Elements want = plan(*service.build(), Family::ip);
    const Transaction change = diff(have, want);
    for (const auto& [key, value] : change.remove)
      ASSERT_EQ(have.erase(key), 1u) << "step " << step;
    for (const auto& [key, value] : change.add)
      ASSERT_TRUE(have.emplace(key, value).second) << "step " << step;
    ASSERT_EQ(have, want) << "step " << step;
  }
}

}  // namespace
}  // namespace nodal::proxy::nft
