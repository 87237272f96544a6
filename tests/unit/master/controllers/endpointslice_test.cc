// tests/unit/master/controllers/endpointslice_test.cc — the slices of a Service, and how few
// change.
#include <gtest/gtest.h>

#include <set>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/controllers/endpointslice/mirrored.h"
#include "master/controllers/endpointslice/plan.h"

namespace nodal::master::controllers::endpointslice {
namespace {

core_v1::Service service(const std::string& spec) {
  return codec::decode<core_v1::Service>(
             R"({"metadata":{"namespace":"ns","name":"web","uid":"s","labels":{"team":"a"}},"spec":)" +
             spec + "}")
      .value();
}
const core_v1::Service web = service(
    R"({"clusterIP":"10.96.0.1","ipFamilies":["IPv4"],"ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}]})");

core_v1::Pod pod_value(int number, bool ready = true, int named_port = 8080) {
  return codec::decode<core_v1::Pod>(
             text::cat(
                 R"({"metadata":{"namespace":"ns","name":"p)", number, R"(","uid":"u)", number,
                 R"("},"spec":{"nodeName":"node1","containers":[{"name":"c","ports":[{"name":"web",
                       "containerPort":)",
                 named_port, R"(}]}]},"status":{"phase":"Running","podIP":"10.244.)", number / 200,
                 ".", number % 200 + 1, R"(","conditions":[{"type":"Ready","status":")",
                 ready ? "True" : "False", R"("}]}})"))
      .value();
}
PodPtr shared(core_v1::Pod pod) { return std::make_shared<const core_v1::Pod>(std::move(pod)); }
PodPtr pod(int number, bool ready = true, int port = 8080) {
  return shared(pod_value(number, ready, port));
}
std::vector<PodPtr> pods(int count) {
  std::vector<PodPtr> out;
  for (int i = 0; i < count; ++i) out.push_back(pod(i));
  return out;
}

std::string zone(const std::string& node) { return node == "node1" ? "z1" : ""; }

Plan planned(const core_v1::Service& service, const std::vector<PodPtr>& pods,
             const std::vector<SlicePtr>& existing = {}) {
  return plan(service, pods, existing, zone);
}

// What stands after a plan was carried out.
std::vector<SlicePtr> after(const Plan& plan, std::vector<SlicePtr> slices) {
  static int number = 0;
  for (const auto& slice : plan.remove) std::erase(slices, slice);
  for (const auto& [before, next] : plan.change) {
    std::erase(slices, before);
    slices.push_back(std::make_shared<const discovery_v1::EndpointSlice>(next));
  }
  for (auto slice : plan.create) {
    slice.metadata.name = text::cat("web-", number++);
    slices.push_back(std::make_shared<const discovery_v1::EndpointSlice>(std::move(slice)));
  }
  return slices;
}
std::size_t steps(const Plan& plan) {
  return plan.create.size() + plan.change.size() + plan.remove.size();
}

TEST(EndpointSlicePlan, ASliceNamesItsServiceItsPortsAndItsPods) {
  const auto p = planned(web, {pod(0)});
  ASSERT_EQ(p.create.size(), 1u);
  const auto& slice = p.create[0];
  EXPECT_EQ(slice.metadata.generate_name, "web-");
  EXPECT_EQ(slice.metadata.labels.at("kubernetes.io/service-name"), "web");
  EXPECT_EQ(slice.metadata.labels.at("endpointslice.kubernetes.io/managed-by"), kManagedBy);
  EXPECT_EQ(slice.metadata.labels.at("team"), "a");
  EXPECT_EQ(slice.metadata.owner_references.at(0).uid, "s");
  EXPECT_EQ(slice.address_type, "IPv4");
  EXPECT_EQ(slice.ports.at(0).port, 8080);
  EXPECT_EQ(slice.ports.at(0).name, "http");
  const auto& endpoint = slice.endpoints.at(0);
  EXPECT_EQ(endpoint.addresses, std::vector<std::string>{"10.244.0.1"});
  EXPECT_EQ(endpoint.node_name, "node1");
  EXPECT_EQ(endpoint.zone, "z1");
  EXPECT_EQ(endpoint.target_ref->name, "p0");
  EXPECT_EQ(endpoint.conditions.ready, true);
}

TEST(EndpointSlicePlan, ConditionsFollowReadinessAndDeletion) {
  const auto conditions = [](core_v1::Pod pod, const core_v1::Service& of = web) {
    const auto c = planned(of, {shared(std::move(pod))}).create.at(0).endpoints.at(0).conditions;
    return text::cat(c.ready.value() ? "ready " : "", c.serving.value() ? "serving " : "",
                     c.terminating.value() ? "terminating" : "");
  };
  EXPECT_EQ(conditions(pod_value(0)), "ready serving ");
  EXPECT_EQ(conditions(pod_value(0, false)), "");
  auto going = pod_value(0);
  going.metadata.deletion_timestamp = TimePoint{};
  EXPECT_EQ(conditions(going), "serving terminating");
  auto published = web;
  published.spec.publish_not_ready_addresses = true;
  EXPECT_EQ(conditions(pod_value(0, false), published), "ready ");
  EXPECT_EQ(conditions(going, published), "ready serving terminating");
}

TEST(EndpointSlicePlan, PodsThatCannotServeAreLeftOut) {
  auto finished = pod_value(0), unassigned = pod_value(1), without_address = pod_value(2);
  finished.status.phase = "Succeeded";
  unassigned.spec.node_name = "";
  without_address.status.pod_ip = "";
  const auto p = planned(web, {shared(finished), shared(unassigned), shared(without_address)});
  ASSERT_EQ(p.create.size(), 1u);
  EXPECT_TRUE(p.create[0].endpoints.empty()) << "one empty slice says that there are none";
}

TEST(EndpointSlicePlan, NothingChangesWhenNothingChanged) {
  for (const int count : {0, 1, 100, 101, 250}) {
    const auto slices = after(planned(web, pods(count)), {});
    EXPECT_EQ(slices.size(), static_cast<std::size_t>(count == 0 ? 1 : (count + 99) / 100));
    EXPECT_EQ(steps(planned(web, pods(count), slices)), 0u) << count;
  }
}

TEST(EndpointSlicePlan, OnePodMoreOrLessChangesOneSlice) {
  const auto slices = after(planned(web, pods(250)), {});
  EXPECT_EQ(steps(planned(web, pods(251), slices)), 1u);
  auto fewer = pods(250);
  fewer.erase(fewer.begin() + 120);
  EXPECT_EQ(steps(planned(web, fewer, slices)), 1u);
  auto changed = pods(250);
  changed[7] = pod(7, false);
  EXPECT_EQ(steps(planned(web, changed, slices)), 1u);
}

TEST(EndpointSlicePlan, EveryPodStandsInExactlyOneSliceWhateverHappens) {
  std::vector<SlicePtr> slices;
  unsigned random = 1;
  std::set<int> present;
  for (int step = 0; step < 200; ++step) {
    for (int i = 0; i < 40; ++i) {
      random = random * 1664525u + 1013904223u;
      const int number = static_cast<int>(random >> 8) % 400;
      if (!present.erase(number)) present.insert(number);
    }
    std::vector<PodPtr> now;
    for (const int number : present) now.push_back(pod(number, true, number % 3 == 0 ? 81 : 80));
    auto named = web;
    named.spec.ports[0].target_port = IntOrString{std::string("web")};
    slices = after(planned(named, now, slices), slices);
    std::multiset<std::string> found;
    for (const auto& slice : slices) {
      ASSERT_LE(slice->endpoints.size(), kMostPerSlice);
      for (const auto& endpoint : slice->endpoints) found.insert(endpoint.target_ref->name);
    }
    ASSERT_EQ(found.size(), present.size());
    for (const int number : present) ASSERT_EQ(found.count(text::cat("p", number)), 1u);
    ASSERT_EQ(steps(planned(named, now, slices)), 0u);
  }
}

TEST(EndpointSlicePlan, NamedTargetPortsWithDifferentNumbersStandApart) {
  auto named = web;
  named.spec.ports[0].target_port = IntOrString{std::string("web")};
  const auto p = planned(named, {pod(0, true, 80), pod(1, true, 81), pod(2, true, 80)});
  ASSERT_EQ(p.create.size(), 2u);
  EXPECT_EQ(p.create[0].ports[0].port, 80);
  EXPECT_EQ(p.create[0].endpoints.size(), 2u);
  EXPECT_EQ(p.create[1].ports[0].port, 81);
}

TEST(EndpointSlicePlan, PodsWithoutANamedPortStandInASliceWithoutPorts) {
  auto named = web;
  named.spec.ports[0].target_port = IntOrString{std::string("web")};
  auto without = pod_value(1);
  without.spec.containers[0].ports.clear();
  const std::vector<PodPtr> both = {pod(0), shared(without)};
  const auto p = planned(named, both);
  ASSERT_EQ(p.create.size(), 2u);
  EXPECT_TRUE(p.create[0].ports.empty());
  EXPECT_EQ(p.create[0].endpoints.at(0).target_ref->name, "p1");
  EXPECT_EQ(p.create[1].endpoints.size(), 1u);
  EXPECT_EQ(steps(planned(named, both, after(p, {}))), 0u);
  const auto e = endpoints(named, both);
  ASSERT_EQ(e.subsets.size(), 1u) << "the older object has only those with ports";
  EXPECT_EQ(e.subsets[0].addresses.size(), 1u);
}

TEST(EndpointSlicePlan, APortThatIsGoneTakesItsSliceAlong) {
  const auto slices = after(planned(web, pods(3)), {});
  auto moved = web;
  moved.spec.ports[0].target_port = IntOrString{9090};
  const auto next = after(planned(moved, pods(3), slices), slices);
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0]->ports.at(0).port, 9090);
  EXPECT_EQ(next[0]->endpoints.size(), 3u);
}

TEST(EndpointSlicePlan, WhenTheLastPodGoesOneEmptySliceStays) {
  const auto slices = after(planned(web, pods(150)), {});
  const auto next = after(planned(web, {}, slices), slices);
  ASSERT_EQ(next.size(), 1u);
  EXPECT_TRUE(next[0]->endpoints.empty());
  EXPECT_EQ(steps(planned(web, {}, next)), 0u);
}

TEST(EndpointSlicePlan, HeadlessServicesAreMarkedAndNeedNoPorts) {
  auto headless = service(R"({"clusterIP":"None","ipFamilies":["IPv4"]})");
  auto named = pod_value(0);
  named.spec.hostname = "db-0";
  named.spec.subdomain = "web";
  const auto p = planned(headless, {shared(named)});
  ASSERT_EQ(p.create.size(), 1u);
  EXPECT_TRUE(p.create[0].metadata.labels.contains("service.kubernetes.io/headless"));
  EXPECT_EQ(p.create[0].endpoints.at(0).hostname, "db-0");
}

TEST(EndpointSlicePlan, EachAddressFamilyHasItsOwnSlices) {
  auto dual = web;
  dual.spec.ip_families = {"IPv4", "IPv6"};
  auto both = pod_value(0);
  for (const char* ip : {"10.244.0.1", "fd00::1"}) both.status.pod_ips.emplace_back().ip = ip;
  const auto p = planned(dual, {shared(both)});
  ASSERT_EQ(p.create.size(), 2u);
  EXPECT_EQ(p.create[0].address_type, "IPv4");
  EXPECT_EQ(p.create[1].address_type, "IPv6");
  EXPECT_EQ(planned(web, {shared(both)}).create.size(), 1u) << "a family it does not have";
}

TEST(EndpointsOf, ReadyAndUnreadyPodsStandApart) {
  auto going = pod_value(2);
  going.metadata.deletion_timestamp = TimePoint{};
  const auto e = endpoints(web, {pod(0), pod(1, false), shared(going)});
  ASSERT_EQ(e.subsets.size(), 1u);
  ASSERT_EQ(e.subsets[0].addresses.size(), 1u);
  EXPECT_EQ(e.subsets[0].addresses[0].ip, "10.244.0.1");
  ASSERT_EQ(e.subsets[0].not_ready_addresses.size(), 1u);
  EXPECT_EQ(e.subsets[0].not_ready_addresses[0].ip, "10.244.0.2");
  EXPECT_EQ(e.subsets[0].ports.at(0).port, 8080);
}

TEST(EndpointsOf, AThousandAddressesAreTheMost) {
  const auto e = endpoints(web, pods(1200));
  EXPECT_EQ(e.subsets.at(0).addresses.size(), 1000u);
  EXPECT_EQ(e.metadata.annotations.at("endpoints.kubernetes.io/over-capacity"), "truncated");
}

TEST(EndpointSlicePlan, ATargetPortThatNoPodHasIsNamed) {
  const auto named = service(
      R"({"clusterIP":"10.96.0.1","ipFamilies":["IPv4"],"ports":[{"name":"a","port":80,"targetPort":"web"},{"name":"b","port":81,"targetPort":"wbe"},{"name":"c","port":82,"targetPort":8080}]})");
  EXPECT_EQ(unserved_ports(named, {pod(0), pod(1)}), (std::vector<std::string>{"wbe"}));
  EXPECT_TRUE(unserved_ports(named, {}).empty()) << "nobody knows yet";
  EXPECT_TRUE(unserved_ports(web, {pod(0)}).empty());
}

core_v1::Endpoints by_hand(const std::string& subsets, const std::string& labels = "{}") {
  return codec::decode<core_v1::Endpoints>(
             text::cat(R"({"metadata":{"namespace":"ns","name":"db","uid":"e","labels":)", labels,
                       R"(},"subsets":)", subsets, "}"))
      .value();
}

TEST(EndpointSliceMirror, SubsetsBecomeSlicesByFamilyAndPorts) {
  const auto p = mirror(by_hand(R"([{"addresses":[{"ip":"192.0.2.1"},{"ip":"2001:db8::1"}],
                   "notReadyAddresses":[{"ip":"192.0.2.2"}],"ports":[{"name":"pg","port":5432}]},
                  {"addresses":[{"ip":"192.0.2.1"}],"ports":[{"name":"http","port":80}]}])",
                                R"({"team":"a"})"),
                        {});
  ASSERT_EQ(p.create.size(), 3u);
  std::set<std::string> seen;
  for (const auto& slice : p.create) {
    EXPECT_EQ(slice.metadata.generate_name, "db-");
    EXPECT_EQ(slice.metadata.labels.at(kServiceName), "db");
    EXPECT_EQ(slice.metadata.labels.at(kManager), kMirroredBy);
    EXPECT_EQ(slice.metadata.labels.at("team"), "a");
    EXPECT_EQ(slice.metadata.owner_references.at(0).kind, "Endpoints");
    EXPECT_EQ(slice.ports.at(0).protocol, "TCP");
    for (const auto& endpoint : slice.endpoints)
      seen.insert(text::cat(slice.address_type, " ", endpoint.addresses[0], ":",
                            slice.ports[0].port.value_or(0),
                            endpoint.conditions.ready.value_or(false) ? "" : " not ready"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"IPv4 192.0.2.1:5432", "IPv4 192.0.2.2:5432 not ready",
                                         "IPv4 192.0.2.1:80", "IPv6 2001:db8::1:5432"}));
}

TEST(EndpointSliceMirror, OneAddressMoreChangesOneSliceAndNoneLeavesAnEmptyOne) {
  const auto slices = after(
      mirror(by_hand(R"([{"addresses":[{"ip":"192.0.2.1"}],"ports":[{"port":80}]}])"), {}), {});
  const auto more = mirror(
      by_hand(R"([{"addresses":[{"ip":"192.0.2.1"},{"ip":"192.0.2.2"}],"ports":[{"port":80}]}])"),
      slices);
  EXPECT_EQ(steps(more), 1u);
  EXPECT_EQ(more.change.size(), 1u);
  const auto none = mirror(by_hand("[]"), slices);
  ASSERT_EQ(none.change.size(), 1u);
  EXPECT_TRUE(none.change[0].second.endpoints.empty());
}

TEST(EndpointSliceMirror, OnlyOfServicesWithoutASelector) {
  const auto external = service(R"({"clusterIP":"10.96.0.1","ports":[{"port":80}]})");
  const auto selecting =
      service(R"({"clusterIP":"10.96.0.1","selector":{"a":"b"},"ports":[{"port":80}]})");
  const auto endpoints = by_hand("[]");
  EXPECT_TRUE(is_mirrored(external, endpoints));
  EXPECT_FALSE(is_mirrored(selecting, endpoints));
  EXPECT_FALSE(is_mirrored(external,
                           by_hand("[]", R"({"endpointslice.kubernetes.io/skip-mirror":"true"})")));
}

}  // namespace
}  // namespace nodal::master::controllers::endpointslice
