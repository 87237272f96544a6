// tests/unit/proxy/join_test.cc — a Service and its EndpointSlices become one entry.
#include "proxy/join.h"

#include <gtest/gtest.h>

#include "api-client/codec/codec.h"
#include "base/text.h"

namespace nodal::proxy {
namespace {

using SlicePtr = std::shared_ptr<const discovery_v1::EndpointSlice>;

// As the proxy has it: each object read by itself, then joined.
ServicePtr join(const core_v1::Service& service, const std::vector<SlicePtr>& slices,
                std::string_view node) {
  std::vector<SliceRecordPtr> records;
  for (const auto& slice : slices)
    records.push_back(std::make_shared<const SliceRecord>(read(*slice, node)));
  return proxy::join(read(service, {*net::Cidr::parse("10.96.0.0/16")}), records);
}

core_v1::Service service(const std::string& spec, const std::string& labels = "{}") {
  return codec::decode<core_v1::Service>(R"({"metadata":{"namespace":"ns","name":"web","labels":)" +
                                         labels + R"(},"spec":)" + spec + "}")
      .value();
}

SlicePtr slice(const std::string& ports, const std::string& endpoints) {
  return std::make_shared<const discovery_v1::EndpointSlice>(
      codec::decode<discovery_v1::EndpointSlice>(
          R"({"metadata":{"namespace":"ns","labels":{"kubernetes.io/service-name":"web"}},
              "addressType":"IPv4","ports":)" +
          ports + R"(,"endpoints":)" + endpoints + "}")
          .value());
}

const std::string http = R"([{"name":"http","port":8080,"protocol":"TCP"}])";
const core_v1::Service web = service(
    R"({"clusterIP":"10.96.0.10","clusterIPs":["10.96.0.10"],"ports":[{"name":"http","port":80}]})");

// "10.244.0.1:8080 ready|serving|terminating|local", one a line.
std::string endpoints(const ServicePtr& entry, std::size_t port = 0) {
  std::string out;
  for (const auto& e : entry->ports.at(port).endpoints)
    out += text::cat(out.empty() ? "" : "\n", e.address.text(), e.ready ? " ready" : "",
                     e.serving ? " serving" : "", e.terminating ? " terminating" : "",
                     e.local ? " local" : "");
  return out;
}

TEST(Join, TheServiceAndItsPorts) {
  const auto entry = join(web, {slice(http, R"([{"addresses":["10.244.0.1"]}])")}, "node1");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->namespace_, "ns");
  EXPECT_EQ(entry->name, "web");
  EXPECT_EQ(entry->cluster_ips, std::vector{*net::IpAddress::parse("10.96.0.10")});
  ASSERT_EQ(entry->ports.size(), 1u);
  EXPECT_EQ(entry->ports[0].port, 80);
  EXPECT_EQ(entry->ports[0].protocol, Protocol::tcp) << "the default";
  EXPECT_EQ(endpoints(entry), "10.244.0.1:8080 ready serving");
}

TEST(Join, WithoutSlicesThePortsStandAlone) {
  const auto entry = join(web, {}, "node1");
  ASSERT_EQ(entry->ports.size(), 1u);
  EXPECT_TRUE(entry->ports[0].endpoints.empty());
}

TEST(Join, AbsentConditionsMeanWhatKubernetesSays) {
  const auto entry = join(web,
                          {slice(http,
                                 R"([{"addresses":["10.244.0.1"],"conditions":{}},
                 {"addresses":["10.244.0.2"],"conditions":{"ready":false}},
                 {"addresses":["10.244.0.3"],"conditions":{"ready":false,"serving":true,"terminating":true}}])")},
                          "node1");
  EXPECT_EQ(endpoints(entry),
            "10.244.0.1:8080 ready serving\n10.244.0.2:8080\n10.244.0.3:8080 serving terminating");
}

TEST(Join, EndpointsOfAllSlicesAreMergedAndTheReadierViewWins) {
  const auto unready = slice(
      http,
      R"([{"addresses":["10.244.0.1"],"conditions":{"ready":false}},{"addresses":["10.244.0.9"]}])");
  const auto ready = slice(http, R"([{"addresses":["10.244.0.1"],"conditions":{"ready":true}}])");
  const std::string both = "10.244.0.1:8080 ready serving\n10.244.0.9:8080 ready serving";
  EXPECT_EQ(endpoints(join(web, {unready, ready}, "n")), both);
  EXPECT_EQ(endpoints(join(web, {ready, unready}, "n")), both) << "in any order";
}

TEST(Join, PortsAreJoinedByNameAndProtocol) {
  const auto dns = service(
      R"({"clusterIP":"10.96.0.2","ports":[{"name":"dns","port":53,"protocol":"UDP"},
          {"name":"dns-tcp","port":53,"protocol":"TCP"},{"name":"metrics","port":9153}]})");
  const auto entry = join(
      dns,
      {slice(
           R"([{"name":"dns","port":1053,"protocol":"UDP"},{"name":"dns-tcp","port":1053,"protocol":"TCP"}])",
           R"([{"addresses":["10.244.0.1"]}])"),
       slice(
           R"([{"name":"dns","port":2053,"protocol":"UDP"},{"name":"metrics","port":9,"protocol":"UDP"}])",
           R"([{"addresses":["10.244.0.2"]}])")},
      "n");
  EXPECT_EQ(endpoints(entry, 0), "10.244.0.1:1053 ready serving\n10.244.0.2:2053 ready serving")
      << "a named target port may be another number in each slice";
  EXPECT_EQ(endpoints(entry, 1), "10.244.0.1:1053 ready serving");
  EXPECT_EQ(endpoints(entry, 2), "") << "another protocol";
}

TEST(Join, LocalIsWhatRunsOnThisNode) {
  const auto entry =
      join(web, {slice(http, R"([{"addresses":["10.244.0.1"],"nodeName":"node1","zone":"z",
                             "targetRef":{"kind":"Pod","namespace":"ns","name":"web-1"}},
                            {"addresses":["10.244.1.1"],"nodeName":"node2"},
                            {"addresses":["10.244.2.1"]}])")},
           "node1");
  EXPECT_EQ(endpoints(entry),
            "10.244.0.1:8080 ready serving local\n"
            "10.244.1.1:8080 ready serving\n10.244.2.1:8080 ready serving");
  EXPECT_EQ(entry->ports[0].endpoints[0].pod, "ns/web-1");
  EXPECT_EQ(entry->ports[0].endpoints[0].zone, "z");
  const auto nameless =
      join(web, {slice(http, R"([{"addresses":["10.244.2.1"],"nodeName":""}])")}, "");
  EXPECT_EQ(endpoints(nameless), "10.244.2.1:8080 ready serving") << "no name is no node's name";
}

TEST(Join, PoliciesAffinityAndFlags) {
  const auto entry =
      join(service(
               R"({"type":"LoadBalancer","clusterIP":"10.96.0.3","externalTrafficPolicy":"Local",
              "internalTrafficPolicy":"Local","sessionAffinity":"ClientIP",
              "sessionAffinityConfig":{"clientIP":{"timeoutSeconds":60}},"healthCheckNodePort":30999,
              "publishNotReadyAddresses":true,"externalIPs":["192.0.2.7","nonsense"],
              "loadBalancerSourceRanges":[" 198.51.100.0/24"],
              "ports":[{"name":"http","port":80,"nodePort":30080}]})"),
           {}, "n");
  EXPECT_EQ(entry->type, ServiceType::load_balancer);
  EXPECT_EQ(entry->external_policy, TrafficPolicy::local);
  EXPECT_EQ(entry->internal_policy, TrafficPolicy::local);
  EXPECT_EQ(entry->affinity_seconds, 60u);
  EXPECT_EQ(entry->health_check_node_port, 30999);
  EXPECT_TRUE(entry->publish_not_ready);
  EXPECT_EQ(entry->external_ips, std::vector{*net::IpAddress::parse("192.0.2.7")});
  EXPECT_EQ(entry->load_balancer_source_ranges,
            (std::vector{*net::Cidr::parse("198.51.100.0/24")}));
  EXPECT_EQ(entry->ports[0].node_port, 30080);
  EXPECT_EQ(
      join(service(R"({"clusterIP":"10.96.0.3","sessionAffinity":"ClientIP","ports":[]})"), {}, "n")
          ->affinity_seconds,
      10800u);
}

TEST(Join, ALoadBalancersAddressIsServedUnlessItTakesThePlaceOfAnother) {
  auto balanced = service(R"({"type":"LoadBalancer","clusterIP":"10.96.0.3","ports":[{"port":80}],
                              "loadBalancerSourceRanges":["nonsense"]})");
  const auto ingress = [&](const char* ip, const char* mode) {
    auto& added = balanced.status.load_balancer.ingress.emplace_back();
    added.ip = ip;
    if (mode != nullptr) added.ip_mode = mode;
  };
  ingress("203.0.113.1", nullptr);
  ingress("203.0.113.2", "VIP");
  ingress("203.0.113.3", "Proxy");
  ingress("10.96.0.1", "VIP");
  ingress("169.254.169.254", "VIP");
  ingress("127.0.0.1", nullptr);
  const auto entry = join(balanced, {}, "n");
  EXPECT_EQ(entry->load_balancer_ips, (std::vector{*net::IpAddress::parse("203.0.113.1"),
                                                   *net::IpAddress::parse("203.0.113.2")}));
  EXPECT_EQ(entry->refused_ips.size(), 3u);
  ASSERT_TRUE(entry->load_balancer_source_ranges) << "what cannot be read lets nobody in";
  EXPECT_TRUE(entry->load_balancer_source_ranges->empty());
}

TEST(Join, ANodePortCountsOnlyWhereTheTypeHasOne) {
  const auto entry = join(
      service(
          R"({"type":"ClusterIP","clusterIP":"10.96.0.3","ports":[{"port":80,"nodePort":30080}]})"),
      {}, "n");
  EXPECT_EQ(entry->ports[0].node_port, 0);
}

TEST(Join, AHeadlessServiceHasEndpointsAndNoAddress) {
  const auto entry = join(
      service(R"({"clusterIP":"None","clusterIPs":["None"],"ports":[{"name":"http","port":80}]})"),
      {slice(http, R"([{"addresses":["10.244.0.1"],"hostname":"db-0"}])")}, "n");
  EXPECT_TRUE(entry->headless);
  EXPECT_TRUE(entry->cluster_ips.empty());
  EXPECT_EQ(entry->ports[0].endpoints[0].hostname, "db-0");
}

TEST(Join, AHeadlessServiceWithoutPortsHasItsAddressesForDns) {
  const auto unready =
      slice("[]", R"([{"addresses":["10.244.0.1"],"conditions":{"ready":false}}])");
  const auto ready = slice("[]", R"([{"addresses":["10.244.0.1"]},{"addresses":["127.0.0.1"]}])");
  const auto entry = join(service(R"({"clusterIP":"None"})"), {unready, ready}, "n");
  ASSERT_EQ(entry->ports.size(), 1u);
  EXPECT_EQ(entry->ports[0].port, 0);
  EXPECT_EQ(endpoints(entry), "10.244.0.1:0 ready serving");
}

TEST(Join, EndpointsOfAHeadlessServiceThatLackItsPortsStandUnderNone) {
  const auto headless = service(R"({"clusterIP":"None","ports":[{"name":"http","port":80}]})");
  const auto with = slice(http, R"([{"addresses":["10.244.0.1"]}])");
  const auto without = slice("[]", R"([{"addresses":["10.244.0.2"],"hostname":"db-1"}])");
  auto entry = join(headless, {with, without}, "n");
  ASSERT_EQ(entry->ports.size(), 2u);
  EXPECT_EQ(endpoints(entry, 0), "10.244.0.1:8080 ready serving");
  EXPECT_EQ(endpoints(entry, 1), "10.244.0.2:0 ready serving");
  EXPECT_EQ(entry->ports[1].port, 0);
  EXPECT_EQ(entry->ports[1].endpoints[0].hostname, "db-1");
  EXPECT_EQ(join(headless, {with}, "n")->ports.size(), 1u);
  EXPECT_EQ(join(web, {with, without}, "n")->ports.size(), 1u) << "not headless";
}

TEST(Join, AnExternalNameIsANameOnly) {
  const auto entry = join(
      service(
          R"({"type":"ExternalName","externalName":"example.org","clusterIP":"","externalIPs":["192.0.2.7"]})"),
      {}, "n");
  EXPECT_EQ(entry->type, ServiceType::external_name);
  EXPECT_EQ(entry->external_name, "example.org");
  EXPECT_FALSE(entry->headless);
  EXPECT_TRUE(entry->cluster_ips.empty());
  EXPECT_TRUE(entry->external_ips.empty());
}

TEST(Join, AddressesNoServiceMayPointAtAreDropped) {
  const auto entry = join(
      web,
      {slice(
          http,
          R"([{"addresses":["127.0.0.1"]},{"addresses":["169.254.169.254"]},{"addresses":["224.0.0.1"]},
                 {"addresses":["0.0.0.0"]},{"addresses":["::1"]},{"addresses":["example.org"]},
                 {"addresses":["10.244.0.1"]}])")},
      "n");
  EXPECT_EQ(endpoints(entry), "10.244.0.1:8080 ready serving");
}

TEST(Join, PortsOutOfRangeAreNone) {
  const auto entry = join(
      service(
          R"({"clusterIP":"10.96.0.3","ports":[{"name":"http","port":0},{"name":"a","port":70000},
                  {"name":"b","port":1,"protocol":"ICMP"},{"name":"http","port":80}]})"),
      {slice(R"([{"name":"http","port":70000}])", R"([{"addresses":["10.244.0.1"]}])"),
       slice(R"([{"name":"http"}])", R"([{"addresses":["10.244.0.1"]}])")},
      "n");
  ASSERT_EQ(entry->ports.size(), 1u);
  EXPECT_TRUE(entry->ports[0].endpoints.empty());
}

TEST(Join, ServicesOfAnotherProxyKeepTheirNamesAndAreNotProgrammed) {
  const auto entry = join(service(R"({"clusterIP":"10.96.0.3"})",
                                  R"({"service.kubernetes.io/service-proxy-name":"other"})"),
                          {}, "n");
  EXPECT_EQ(entry->cluster_ips, std::vector{*net::IpAddress::parse("10.96.0.3")});
  EXPECT_FALSE(is_programmed(*entry));
  EXPECT_TRUE(is_programmed(*join(service(R"({"clusterIP":"10.96.0.3"})"), {}, "n")));
}

TEST(Join, ASliceBelongsToTheServiceItsLabelNames) {
  EXPECT_EQ(read(*slice("[]", "[]"), "n").service, "ns/web");
  discovery_v1::EndpointSlice unlabelled;
  unlabelled.metadata.namespace_ = "ns";
  EXPECT_EQ(read(unlabelled, "n").service, "");
}

}  // namespace
}  // namespace nodal::proxy
