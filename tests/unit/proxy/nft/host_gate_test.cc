// tests/unit/proxy/nft/host_gate_test.cc — our rules among those of the host.
#include "proxy/nft/host_gate.h"

#include <gtest/gtest.h>

#include "tests/support/services.h"

namespace nodal::proxy::nft {
namespace {

const std::set<std::string> wanted = {"ip saddr 10.244.0.0/16"};

std::string chain(const std::string& rules, const std::string& policy = "drop") {
  return "table ip filter {\n\tchain FORWARD { # handle 1\n\t\ttype filter hook forward priority "
         "filter; policy " +
         policy + ";\n" + rules + "\t}\n}\n";
}

const std::string own =
    "\t\tip saddr 10.244.0.0/16 counter packets 5 bytes 300 accept comment \"nodal-pods\" # handle "
    "7\n";

TEST(HostGate, ARuleIsWrittenOnce) {
  EXPECT_EQ(plan_gate("FORWARD", chain(""), wanted),
            "insert rule ip filter FORWARD ip saddr 10.244.0.0/16 counter accept comment "
            "\"nodal-pods\"\n");
  EXPECT_EQ(plan_gate("FORWARD", chain(own), wanted), "");
  auto twice = own;
  twice.replace(twice.rfind('7'), 1, "8");
  EXPECT_EQ(plan_gate("FORWARD", chain(own + twice), wanted),
            "delete rule ip filter FORWARD handle 8\n");
}

TEST(HostGate, WhatOthersSayOfTheRangeIsNotOurs) {
  const std::string others =
      "\t\tip saddr 10.244.0.0/16 counter packets 0 bytes 0 drop # handle 3\n"
      "\t\tip saddr 10.244.0.0/16 counter packets 0 bytes 0 accept # handle 4\n";
  EXPECT_EQ(plan_gate("FORWARD", chain(others), wanted), plan_gate("FORWARD", chain(""), wanted));
  EXPECT_EQ(plan_gate("FORWARD", chain(others + own), {}),
            "delete rule ip filter FORWARD handle 7\n");
}

TEST(HostGate, ARuleOfOursThatDropsIsReplaced) {
  const auto turned =
      "\t\tip saddr 10.244.0.0/16 counter packets 0 bytes 0 drop comment "
      "\"nodal-pods\" # handle 9\n";
  EXPECT_EQ(plan_gate("FORWARD", chain(turned), wanted),
            "delete rule ip filter FORWARD handle 9\n" + plan_gate("FORWARD", chain(""), wanted));
}

TEST(HostGate, AnOpenChainKeepsNothingOut) {
  EXPECT_TRUE(keeps_out(chain("")));
  EXPECT_FALSE(keeps_out(chain("", "accept")));
  EXPECT_FALSE(keeps_out(chain(own, "accept")));
  EXPECT_TRUE(
      keeps_out(chain("\t\tcounter packets 0 bytes 0 jump ufw-input # handle 2\n", "accept")));
  EXPECT_TRUE(keeps_out(chain("\t\ttcp dport 53 drop # handle 2\n", "accept")));
}

TEST(HostGate, EndpointsElsewhereCountWhenClientsFromElsewhereReachThem) {
  const std::vector<net::Cidr> pods = {*net::Cidr::parse("10.244.0.0/16")};
  auto service = std::move(test::ServiceBuilder("web")
                               .cluster_ip("10.96.0.10")
                               .port(80)
                               .to("10.244.1.2:8080")
                               .to("198.51.100.2:8080"));
  EXPECT_TRUE(outside_endpoints(*service.build(), pods).empty()) << "pods' own traffic passes";
  service.node_port(30080);
  EXPECT_EQ(outside_endpoints(*service.build(), pods),
            (std::set{std::pair{Protocol::tcp, test::at("198.51.100.2:8080")}}));
}

}  // namespace
}  // namespace nodal::proxy::nft
