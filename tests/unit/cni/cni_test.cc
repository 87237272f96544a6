// tests/unit/cni/cni_test.cc — requests, plans, addresses and documents of the CNI plugin.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "cni/check.h"
#include "cni/ipam/range.h"
#include "cni/ipam/store.h"
#include "cni/plan.h"
#include "cni/request.h"
#include "cni/result.h"

namespace nodal::cni {
namespace {

Outcome<Request> parse(std::map<std::string, std::string> changed, const std::string& input) {
  std::map<std::string, std::string> environment{{"CNI_COMMAND", "ADD"},
                                                 {"CNI_CONTAINERID", "abc"},
                                                 {"CNI_IFNAME", "eth0"},
                                                 {"CNI_NETNS", "/proc/1/ns/net"}};
  for (auto& [k, v] : changed) environment[k] = v;
  return parse_request([&](const char* name) { return environment[name]; }, input);
}

const std::string good =
    R"({"cniVersion": "1.0.0", "name": "net", "ipam": {"type": "nodal", "subnet": "10.244.0.0/24"}})";

net::IpAddress ip(const char* text) { return net::IpAddress::parse(text).value(); }

TEST(CniRequest, GoodOnesAreUnderstood) {
  const auto r = parse({}, good);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->verb, Verb::add);
  EXPECT_EQ(r->attachment, (Attachment{"abc", "eth0"}));
  EXPECT_EQ(r->subnets.at(0).text(), "10.244.0.0/24");
  EXPECT_EQ(r->data_folder, "/var/lib/nodal/cni/addresses");
  EXPECT_EQ(
      parse(
          {},
          R"({"cniVersion": "0.4.0", "name": "n", "ipam": {"type": "nodal", "ranges": [[{"subnet": "10.1.0.0/16"}]]}})")
          ->subnets.at(0)
          .text(),
      "10.1.0.0/16");
  EXPECT_TRUE(parse({{"CNI_COMMAND", "DEL"}, {"CNI_NETNS", ""}}, good)) << "DEL needs no namespace";
}

TEST(CniRequest, BadOnesGetTheSpecificationsCodes) {
  const struct {
    std::map<std::string, std::string> environment;
    std::string input;
    Code code;
  } cases[] = {
      {{{"CNI_COMMAND", "EAT"}}, good, Code::invalid_environment},
      {{{"CNI_CONTAINERID", "../x"}}, good, Code::invalid_environment},
      {{{"CNI_CONTAINERID", ""}}, good, Code::invalid_environment},
      {{{"CNI_IFNAME", "a/b"}}, good, Code::invalid_environment},
      {{{"CNI_IFNAME", "much-too-long-name"}}, good, Code::invalid_environment},
      {{{"CNI_NETNS", ""}}, good, Code::invalid_environment},
      {{}, "{", Code::undecodable},
      {{}, "[]", Code::undecodable},
      {{}, std::string(2u << 20, ' '), Code::undecodable},
      {{}, std::string(1000, '['), Code::undecodable},
      {{}, R"({"cniVersion": "9.9.9"})", Code::incompatible_version},
      {{}, R"({"cniVersion": "1.0.0", "name": "../x"})", Code::invalid_config},
      {{}, R"({"cniVersion": "1.0.0", "name": "n"})", Code::invalid_config},
      {{},
       R"({"cniVersion": "1.0.0", "name": "n", "ipam": {"type": "nodal"}})",
       Code::invalid_config},
      {{},
       R"({"cniVersion": "1.0.0", "name": "n", "ipam": {"type": "nodal", "subnet": "10.0.0.0/31"}})",
       Code::invalid_config},
      {{},
       R"({"cniVersion": "1.0.0", "name": "n", "ipam": {"type": "nodal", "subnet": "fd00::/64"}})",
       Code::invalid_config},
      {{{"CNI_COMMAND", "GC"}}, good, Code::incompatible_version},
      {{{"CNI_COMMAND", "CHECK"}}, good, Code::invalid_config},
  };
  for (const auto& c : cases) {
    const auto r = parse(c.environment, c.input);
    ASSERT_FALSE(r) << c.input.substr(0, 100);
    EXPECT_EQ(static_cast<int>(r.error().code), static_cast<int>(c.code)) << r.error().message;
  }
}

TEST(CniLinkName, FitsTheKernelAndFollowsTheAttachment) {
  const auto name = host_link_name({"abc", "eth0"});
  EXPECT_EQ(name.size(), 15u);
  EXPECT_EQ(name, host_link_name({"abc", "eth0"}));
  EXPECT_NE(name, host_link_name({"abc", "eth1"}));
}

TEST(CniPlan, LinkIsQuietBeforeItIsUpAndOnlyTheVethNeedsAnUndo) {
  const auto request = parse({}, good).value();
  const auto ops = plan_add(request, {ip("10.244.0.7"), ip("10.244.0.1")}, false);
  const auto at = [&](auto fits) { return std::ranges::find_if(ops, fits) - ops.begin(); };
  const auto up = at([](const LinkOp& o) { return std::holds_alternative<cni::SetUp>(o); });
  const auto quiet = at([](const LinkOp& o) {
    const auto* s = std::get_if<SetSysctl>(&o);
    return s && s->side == Side::pod && s->key == "net/ipv6/conf/eth0/accept_ra" && s->value == "0";
  });
  EXPECT_LT(quiet, up);
  EXPECT_EQ(std::ranges::count_if(ops, [](const LinkOp& o) { return undo(o).has_value(); }), 1);
  EXPECT_EQ(undo(ops.front()), LinkOp(DeleteLink{host_link_name(request.attachment)}));
  EXPECT_EQ(ops.back(), LinkOp(SetRoute{Side::pod, "eth0", net::Cidr(), ip("10.244.0.1")}));
  EXPECT_EQ(plan_add(request, {ip("10.244.0.7"), ip("10.244.0.1")}, true).front(),
            LinkOp(DeleteLink{host_link_name(request.attachment)}));
}

struct Checked {
  Request request;
  Lease lease{ip("10.244.0.2"), ip("10.244.0.1")};
  SeenLinks seen;

  Checked() {
    request = *parse({}, good);
    const auto host = host_link_name(request.attachment);
    request =
        *parse({{"CNI_COMMAND", "CHECK"}}, good.substr(0, good.size() - 1) + R"(,"prevResult":)" +
                                               success_document(request, lease) + "}");
    seen.host = netlink::Link{7, host, "veth", host_mac(lease.ip), true, 1500};
    seen.pod = netlink::Link{2, "eth0", "veth", pod_mac(lease.ip), true, 1500};
    seen.host_addresses = {{7, lease.gateway, 32}};
    seen.pod_addresses = {{2, lease.ip, 32}};
    seen.host_routes = {{net::Cidr(lease.ip, 32), 7, std::nullopt}};
    seen.pod_routes = {{net::Cidr(lease.gateway, 32), 2, std::nullopt},
                       {net::Cidr(net::IpAddress(), 0), 2, lease.gateway}};
  }
  [[nodiscard]] std::string fault() const { return find_fault(request, lease, seen); }
};

TEST(CniCheck, WhatAddMadeIsGood) { EXPECT_EQ(Checked().fault(), ""); }

TEST(CniCheck, EveryPartThatIsLostIsFound) {
  const struct {
    const char* what;
    void (*lose)(Checked&);
    const char* fault;
  } cases[] = {
      {"ips", [](Checked& c) { c.request.previous.ips.clear(); }, "the leased address"},
      {"another address", [](Checked& c) { c.request.previous.ips = {"10.244.0.3/32"}; },
       "the leased address"},
      {"interfaces", [](Checked& c) { c.request.previous.interfaces.clear(); }, "the interface"},
      {"another hardware address",
       [](Checked& c) { c.request.previous.interfaces[1].mac = "0e:01:00:00:00:01"; },
       "not 0e:01:00:00:00:01"},
      {"a route of another plugin",
       [](Checked& c) {
         c.request.previous.routes.push_back({"192.0.2.0/24", ""});
       },
       "no route to 192.0.2.0/24"},
      {"the host's end", [](Checked& c) { c.seen.host.reset(); }, "is not there or not up"},
      {"the pod's end is down", [](Checked& c) { c.seen.pod->up = false; },
       "eth0 is not there or not up"},
      {"the gateway", [](Checked& c) { c.seen.host_addresses.clear(); }, "the gateway's address"},
      {"the address", [](Checked& c) { c.seen.pod_addresses.clear(); }, "is not on eth0"},
      {"the host's route", [](Checked& c) { c.seen.host_routes.clear(); }, "the host has no route"},
      {"the gateway's route",
       [](Checked& c) { c.seen.pod_routes.erase(c.seen.pod_routes.begin()); },
       "no route to its gateway"},
      {"the default route", [](Checked& c) { c.seen.pod_routes.pop_back(); }, "no default route"},
      {"a default route elsewhere",
       [](Checked& c) { c.seen.pod_routes.back().via = ip("10.244.0.9"); }, "no default route"},
  };
  for (const auto& c : cases) {
    Checked checked;
    c.lose(checked);
    EXPECT_NE(checked.fault().find(c.fault), std::string::npos)
        << c.what << ": " << checked.fault();
  }
}

TEST(CniRange, WalksAroundAndSkipsTheReserved) {
  const auto subnet = net::Cidr::parse("10.0.0.0/29").value();  // .2 … .6
  std::set<net::IpAddress> taken;
  const auto next = [&](std::optional<net::IpAddress> last) {
    return ipam::next_free(subnet, last,
                           [&](const net::IpAddress& a) { return taken.contains(a); });
  };
  EXPECT_EQ(next({}), ip("10.0.0.2"));
  EXPECT_EQ(next(ip("10.0.0.2")), ip("10.0.0.3"));
  EXPECT_EQ(next(ip("10.0.0.6")), ip("10.0.0.2"));
  EXPECT_EQ(next(ip("192.0.2.1")), ip("10.0.0.2"));
  for (std::optional<net::IpAddress> last; auto a = next(last);) taken.insert(*(last = a));
  EXPECT_EQ(taken.size(), 5u);
  EXPECT_FALSE(taken.contains(ip("10.0.0.1")) || taken.contains(ip("10.0.0.7")));
}

TEST(CniDocument, ErrorsAndResultsFollowTheVersion) {
  const auto error =
      boost::json::parse(error_document("1.0.0", {Code::try_again, "later", "busy"}));
  EXPECT_EQ(error.at("code").as_int64(), 11);
  EXPECT_EQ(error.at("msg").as_string(), "later");
  auto request = parse({}, good).value();
  const Lease lease{ip("10.244.0.7"), ip("10.244.0.1")};
  EXPECT_FALSE(boost::json::parse(success_document(request, lease))
                   .at("ips")
                   .at(0)
                   .as_object()
                   .contains("version"));
  request.version = "0.4.0";
  EXPECT_EQ(boost::json::parse(success_document(request, lease))
                .at("ips")
                .at(0)
                .at("version")
                .as_string(),
            "4");
}

}  // namespace
}  // namespace nodal::cni
