// tests/unit/master/registry/allocate_test.cc — addresses and ports of Services: never twice, never
// lost.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>
#include <set>

#include "base/text.h"
#include "master/registry/allocate/numbers.h"
#include "master/registry/allocate/services.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

TEST(Numbers, EveryNumberIsHandedOutOnceAndThenNoMore) {
  for (const std::uint64_t size : {1u, 63u, 64u, 65u, 200u}) {
    Numbers numbers(size);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto n = numbers.take_any(size / 4, i * 7);
      ASSERT_TRUE(n);
      ASSERT_LT(*n, size);
      ASSERT_TRUE(seen.insert(*n).second) << *n;
    }
    EXPECT_EQ(numbers.taken(), size);
    EXPECT_FALSE(numbers.take_any(size / 4, 3));
    numbers.give_back(size - 1);
    EXPECT_EQ(numbers.take_any(0, 0), size - 1);
  }
}

TEST(Numbers, TheLowerBandIsUsedLast) {
  Numbers numbers(100);
  for (int i = 0; i < 90; ++i) EXPECT_GE(numbers.take_any(10, 5).value(), 10u);
  EXPECT_LT(numbers.take_any(10, 5).value(), 10u);
}

TEST(Numbers, GivingBackWhatNobodyHasChangesNothing) {
  Numbers numbers(10);
  numbers.give_back(3);
  EXPECT_EQ(numbers.taken(), 0u);
  EXPECT_TRUE(numbers.take(3));
  EXPECT_FALSE(numbers.take(3));
  EXPECT_EQ(numbers.taken(), 1u);
}

class Services : public testing::Test {
 protected:
  static json::object service(const std::string& spec) {
    return json::parse(R"({"metadata":{"name":"s"},"spec":)" + spec + "}").as_object();
  }
  static const json::object& spec_of(const json::object& service) {
    return service.at("spec").as_object();
  }
  static std::string ip(const json::object& service) {
    return std::string(spec_of(service).at("clusterIP").as_string());
  }
  static std::int64_t node_port(const json::object& service, std::size_t index = 0) {
    return spec_of(service)
        .at("ports")
        .as_array()
        .at(index)
        .as_object()
        .at("nodePort")
        .to_number<std::int64_t>();
  }
  // Stored, or why not.
  std::string store(json::object& service, const json::object* old = nullptr) {
    FieldErrors errors;
    const auto reservation = services.reserve(service, old, errors);
    if (!reservation) return reservation.error().message;
    if (!errors.empty()) return errors[0].field + ": " + errors[0].message;
    (*reservation)->keep();
    return "";
  }

  ServiceAllocator services{{*net::Cidr::parse("10.96.0.0/24"), 30000, 30009}};
  const std::uint64_t none = services.addresses_taken();
};

const std::string cluster_ip = R"({"type":"ClusterIP","ports":[{"port":80}]})";
const std::string node_ports =
    R"({"type":"NodePort","ports":[{"name":"a","port":80},{"name":"b","port":81}]})";

TEST_F(Services, AnAddressIsFilledInWithItsFamily) {
  auto s = service(cluster_ip);
  EXPECT_EQ(store(s), "");
  EXPECT_TRUE(ip(s).starts_with("10.96.0."));
  EXPECT_EQ(json::serialize(spec_of(s).at("clusterIPs")), "[\"" + ip(s) + "\"]");
  EXPECT_EQ(json::serialize(spec_of(s).at("ipFamilies")), R"(["IPv4"])");
  EXPECT_EQ(spec_of(s).at("ipFamilyPolicy"), "SingleStack");
}

TEST_F(Services, OneRangeHasOneFamily) {
  const std::string policy = "spec.ipFamilyPolicy: Invalid value: ";
  const struct {
    const char* spec;
    std::string error;
  } cases[] = {
      {R"({"ipFamilies":["IPv4"],"ipFamilyPolicy":"PreferDualStack"})", ""},
      {R"({"ipFamilies":["IPv6"]})",
       "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster"},
      {R"({"ipFamilyPolicy":"RequireDualStack"})",
       policy + "\"RequireDualStack\": this cluster is not configured for dual-stack services"},
      {R"({"ipFamilies":["IPv4","IPv6"],"ipFamilyPolicy":"SingleStack"})",
       policy + "\"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP "
                "families are specified"},
      {R"({"ipFamilies":["IPv4","IPv4"],"ipFamilyPolicy":"PreferDualStack"})",
       "spec.ipFamilies[1]: Duplicate value: \"IPv4\""},
      {R"({"clusterIP":"10.96.0.5","clusterIPs":["10.96.0.6"]})",
       "spec.clusterIPs: Invalid value: []string{\"10.96.0.6\"}: first value must match "
       "`clusterIP`"},
      {R"({"clusterIPs":["10.96.0.6"]})",
       "spec.clusterIPs: Invalid value: []string{\"10.96.0.6\"}: must be empty when `clusterIP` is "
       "not specified"},
      {R"({"clusterIP":"10.96.0.5","clusterIPs":["10.96.0.5","fd00::1"],
           "ipFamilyPolicy":"PreferDualStack"})",
       "spec.clusterIPs[1]: Invalid value: []string{\"10.96.0.5\", \"fd00::1\"}: IPv6 is not "
       "configured on this cluster"},
      {R"({"clusterIP":"10.96.0.5","clusterIPs":["10.96.0.5","10.96.0.6"],
           "ipFamilyPolicy":"PreferDualStack"})",
       "spec.clusterIPs: Invalid value: []string{\"10.96.0.5\", \"10.96.0.6\"}: may specify no "
       "more "
       "than one IP for each IP family"},
      {R"({"clusterIP":"None","ipFamilies":["IPv6"]})", ""},
      {R"({"type":"ExternalName"})", ""},
  };
  for (const auto& c : cases) {
    auto s = service(c.spec);
    EXPECT_EQ(store(s), c.error) << c.spec;
  }
}

TEST_F(Services, AddressesAreNeverHandedOutTwiceUntilNoneIsLeft) {
  std::set<std::string> seen;
  for (int i = 0; i < 254; ++i) {
    auto s = service(cluster_ip);
    ASSERT_EQ(store(s), "");
    ASSERT_TRUE(seen.insert(ip(s)).second) << ip(s);
  }
  EXPECT_FALSE(seen.contains("10.96.0.0"));
  EXPECT_FALSE(seen.contains("10.96.0.255"));
  auto one_more = service(cluster_ip);
  EXPECT_EQ(store(one_more), "no free address is left in 10.96.0.0/24");
  services.release(service(R"({"type":"ClusterIP","clusterIP":"10.96.0.77"})"));
  ASSERT_EQ(store(one_more), "");
  EXPECT_EQ(ip(one_more), "10.96.0.77");
}

TEST_F(Services, AChosenAddressMustBeFreeAndInTheRange) {
  auto first = service(R"({"clusterIP":"10.96.0.5"})");
  EXPECT_EQ(store(first), "");
  auto second = service(R"({"clusterIP":"10.96.0.5"})");
  EXPECT_NE(store(second).find("provided IP is already allocated"), std::string::npos);
  for (const char* bad : {"10.97.0.1", "10.96.0.0", "10.96.0.255", "fd00::1"}) {
    auto s = service(text::cat(R"({"clusterIP":")", bad, "\"}"));
    EXPECT_TRUE(store(s).starts_with(text::cat("spec.clusterIPs: Invalid value: []string{\"", bad,
                                               "\"}: failed to allocate IP ")))
        << bad << ": " << store(s);
  }
  auto nothing = service(R"({"clusterIP":"x"})");
  EXPECT_EQ(
      store(nothing),
      "spec.clusterIPs[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or "
      "2001:db8::ffff)");
  EXPECT_EQ(services.addresses_taken(), none + 1) << "what was refused took nothing";
}

TEST_F(Services, WhatIsNotKeptGoesBack) {
  {
    auto s = service(node_ports);
    FieldErrors errors;
    const auto reservation = services.reserve(s, nullptr, errors);
    ASSERT_TRUE(reservation);
    EXPECT_EQ(services.addresses_taken(), none + 1);
    EXPECT_EQ(services.ports_taken(), 2u);
  }
  EXPECT_EQ(services.addresses_taken(), none);
  EXPECT_EQ(services.ports_taken(), 0u);
}

TEST_F(Services, ChosenNodePortsMustBeFreeAndInTheRange) {
  auto first = service(R"({"type":"NodePort","ports":[{"port":80,"nodePort":30003}]})");
  EXPECT_EQ(store(first), "");
  auto second =
      service(R"({"type":"NodePort","ports":[{"port":80},{"port":81,"nodePort":30003}]})");
  EXPECT_EQ(store(second),
            "spec.ports[1].nodePort: Invalid value: 30003: provided port is already allocated");
  auto third = service(R"({"type":"NodePort","ports":[{"port":80,"nodePort":80}]})");
  EXPECT_EQ(store(third),
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. "
            "The range of valid ports is 30000-30009");
  EXPECT_EQ(services.ports_taken(), 1u);
  EXPECT_EQ(services.addresses_taken(), none + 1);
}

TEST_F(Services, NodePortsRunOut) {
  for (int i = 0; i < 5; ++i) {
    auto s = service(node_ports);
    ASSERT_EQ(store(s), "");
    ASSERT_NE(node_port(s, 0), node_port(s, 1));
  }
  auto s = service(R"({"type":"NodePort","ports":[{"port":80}]})");
  EXPECT_EQ(store(s), "no free node port is left in 30000-30009");
  EXPECT_EQ(services.addresses_taken(), none + 5) << "its address went back";
}

TEST_F(Services, OneServiceMayUseANumberForTwoProtocols) {
  auto s = service(R"({"type":"NodePort","ports":[{"port":53,"protocol":"TCP","nodePort":30005},
                       {"port":53,"protocol":"UDP","nodePort":30005}]})");
  EXPECT_EQ(store(s), "");
  EXPECT_EQ(services.ports_taken(), 1u);
  services.release(s);
  EXPECT_EQ(services.ports_taken(), 0u);
}

TEST_F(Services, AnUpdateKeepsWhatStaysAndGivesBackTheRest) {
  auto old = service(node_ports);
  ASSERT_EQ(store(old), "");
  auto same = old;
  EXPECT_EQ(store(same, &old), "");
  EXPECT_EQ(same, old);
  auto fewer = old;
  fewer.at("spec").as_object().at("ports").as_array().pop_back();
  EXPECT_EQ(store(fewer, &old), "");
  EXPECT_EQ(services.ports_taken(), 1u);
  auto plain = fewer;
  plain.at("spec").as_object()["type"] = "ClusterIP";
  EXPECT_EQ(store(plain, &fewer), "");
  EXPECT_FALSE(spec_of(plain).at("ports").as_array()[0].as_object().contains("nodePort"));
  EXPECT_EQ(services.ports_taken(), 0u);
  EXPECT_EQ(ip(plain), ip(old));
  auto external = service(R"({"type":"ExternalName","externalName":"example.org"})");
  EXPECT_EQ(store(external, &plain), "");
  EXPECT_EQ(services.addresses_taken(), none);
}

TEST_F(Services, AnUpdateThatFailsChangesNothing) {
  auto other = service(R"({"type":"NodePort","ports":[{"port":80,"nodePort":30001}]})");
  ASSERT_EQ(store(other), "");
  auto old = service(R"({"type":"NodePort","ports":[{"port":80,"nodePort":30002}]})");
  ASSERT_EQ(store(old), "");
  auto next = old;
  next.at("spec").as_object().at("ports").as_array()[0].as_object()["nodePort"] = 30001;
  EXPECT_NE(store(next, &old), "");
  EXPECT_EQ(services.ports_taken(), 2u);
  auto third = service(R"({"type":"NodePort","ports":[{"port":80,"nodePort":30002}]})");
  EXPECT_NE(store(third), "") << "the old one still has it";
}

TEST_F(Services, HeadlessOnesNeedNoAddress) {
  auto s = service(R"({"clusterIP":"None"})");
  EXPECT_EQ(store(s), "");
  EXPECT_EQ(json::serialize(spec_of(s).at("clusterIPs")), R"(["None"])");
  EXPECT_EQ(services.addresses_taken(), none);
}

TEST_F(Services, TheHealthCheckPortIsAPortLikeAnother) {
  const std::string local = R"("type":"LoadBalancer","externalTrafficPolicy":"Local")";
  auto s = service("{" + local + R"(,"ports":[{"port":80}],"healthCheckNodePort":30007})");
  EXPECT_EQ(store(s), "");
  EXPECT_EQ(services.ports_taken(), 2u);
  auto thief = service(R"({"type":"NodePort","ports":[{"port":80,"nodePort":30007}]})");
  EXPECT_NE(store(thief), "");
  auto second = service("{" + local + R"(,"ports":[],"healthCheckNodePort":30007})");
  EXPECT_EQ(store(second),
            "spec.healthCheckNodePort: Invalid value: 30007: provided port is already allocated");

  auto same = s;
  same.at("spec").as_object().erase("healthCheckNodePort");
  EXPECT_EQ(store(same, &s), "");
  EXPECT_EQ(same, s) << "who does not name it keeps it";
  EXPECT_EQ(services.ports_taken(), 2u);

  auto cluster = same;
  cluster.at("spec").as_object()["externalTrafficPolicy"] = "Cluster";
  EXPECT_EQ(store(cluster, &same), "");
  EXPECT_FALSE(spec_of(cluster).contains("healthCheckNodePort"));
  EXPECT_EQ(services.ports_taken(), 1u);

  auto fresh = service("{" + local + R"(,"ports":[{"port":80}]})");
  EXPECT_EQ(store(fresh), "");
  EXPECT_TRUE(spec_of(fresh).contains("healthCheckNodePort")) << "filled in";
  services.release(fresh);
  services.release(cluster);
  EXPECT_EQ(services.ports_taken(), 0u);
}

TEST_F(Services, WhatIsStoredIsRestored) {
  const auto s = service(
      R"({"type":"NodePort","clusterIP":"10.96.0.9","ports":[{"port":80,"nodePort":30001}]})");
  EXPECT_TRUE(services.restore(s));
  EXPECT_FALSE(services.restore(s)) << "two with the same numbers";
  auto other = service(R"({"clusterIP":"10.96.0.9"})");
  EXPECT_NE(store(other), "");
}

TEST_F(Services, WhateverHappensTheCountsAgree) {
  std::mt19937 random(7);
  std::vector<json::object> stored;
  for (int step = 0; step < 3000; ++step) {
    const auto pick = [&] { return random() % stored.size(); };
    const std::string specs[] = {
        cluster_ip, node_ports, R"({"clusterIP":"None"})",
        R"({"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}]})",
        R"({"type":"NodePort","ports":[{"port":80,"nodePort":30004}]})"};
    const auto roll = random() % 3;
    if (roll == 0 && !stored.empty()) {
      const auto at = pick();
      services.release(stored[at]);
      stored.erase(stored.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (roll == 1 && !stored.empty()) {
      const auto at = pick();
      auto next = service(specs[random() % std::size(specs)]);
      if (store(next, &stored[at]).empty()) stored[at] = next;
    } else {
      auto next = service(specs[random() % std::size(specs)]);
      if (store(next).empty()) stored.push_back(next);
    }
    std::set<std::string> addresses;
    std::set<std::int64_t> ports;
    std::size_t wanted_addresses = 0, wanted_ports = 0;
    for (const auto& s : stored) {
      const auto& spec = spec_of(s);
      if (ip(s) != "None") {
        ++wanted_addresses;
        addresses.insert(ip(s));
      }
      if (const auto* list = spec.if_contains("ports"))
        for (const auto& port : list->as_array())
          if (const auto* number = port.as_object().if_contains("nodePort")) {
            ++wanted_ports;
            ports.insert(number->to_number<std::int64_t>());
          }
      if (const auto* number = spec.if_contains("healthCheckNodePort")) {
        ++wanted_ports;
        ports.insert(number->to_number<std::int64_t>());
      }
    }
    ASSERT_EQ(addresses.size(), wanted_addresses) << "no address twice";
    ASSERT_EQ(ports.size(), wanted_ports) << "no port twice";
    ASSERT_EQ(services.addresses_taken(), none + wanted_addresses);
    ASSERT_EQ(services.ports_taken(), wanted_ports);
  }
}

}  // namespace
}  // namespace nodal::master
