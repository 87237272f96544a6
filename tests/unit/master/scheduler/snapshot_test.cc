// tests/unit/master/scheduler/snapshot_test.cc — what a pod asks for, and what a node has left.
#include "master/scheduler/snapshot.h"

#include <gtest/gtest.h>

#include "tests/unit/master/scheduler/cluster.h"

namespace nodal::master::scheduler {
namespace {

std::string container(const std::string& requests, const std::string& more = "") {
  return text::cat(R"({"name":"c","resources":{"requests":)", requests, "}", more, "}");
}
std::int64_t milli_cpu(const std::string& spec) {
  return facts_of(pod("p", spec)).requests.milli_cpu;
}

TEST(PodRequests, ContainersAreAddedUp) {
  const auto facts = facts_of(
      pod("p", text::cat(R"({"containers":[)",
                         container(R"({"cpu":"100m","memory":"1Mi","ephemeral-storage":"1Gi"})"),
                         ",", container(R"({"cpu":"1","example.com/gpu":"2"})"), "]}")));
  EXPECT_EQ(facts.requests.milli_cpu, 1100);
  EXPECT_EQ(facts.requests.memory, 1 << 20);
  EXPECT_EQ(facts.requests.ephemeral_storage, 1 << 30);
  EXPECT_EQ(facts.requests.others.at("example.com/gpu"), 2);
}

TEST(PodRequests, ALimitStandsInForAnAbsentRequest) {
  EXPECT_EQ(milli_cpu(R"({"containers":[{"name":"c","resources":{"limits":{"cpu":"2"}}}]})"), 2000);
  EXPECT_EQ(milli_cpu(R"({"containers":[{"name":"c","resources":{"limits":{"cpu":"2"},
                                                                 "requests":{"cpu":"1"}}}]})"),
            1000);
}

TEST(PodRequests, TheLargestInitContainerCountsWhereItNeedsMore) {
  const auto spec = [](const char* first, const char* second, const char* main) {
    const auto cpu = [](const char* amount) {
      return container(text::cat(R"({"cpu":")", amount, "\"}"));
    };
    return text::cat(R"({"initContainers":[)", cpu(first), ",", cpu(second), R"(],"containers":[)",
                     cpu(main), "]}");
  };
  EXPECT_EQ(milli_cpu(spec("2", "3", "1")), 3000);
  EXPECT_EQ(milli_cpu(spec("100m", "200m", "1")), 1000);
}

TEST(PodRequests, SidecarsRunBesideWhatComesAfterThem) {
  const std::string sidecar = container(R"({"cpu":"500m"})", R"(,"restartPolicy":"Always")");
  const std::string init = container(R"({"cpu":"2"})");
  const std::string main = container(R"({"cpu":"1"})");
  const auto spec = [&](const std::string& first, const std::string& second) {
    return text::cat(R"({"initContainers":[)", first, ",", second, R"(],"containers":[)", main,
                     "]}");
  };
  EXPECT_EQ(milli_cpu(spec(sidecar, init)), 2500) << "the init container runs beside it";
  EXPECT_EQ(milli_cpu(spec(init, sidecar)), 2000) << "the init container is over by then";
  EXPECT_EQ(milli_cpu(spec(sidecar, sidecar)), 2000) << "both beside the main one";
}

TEST(PodRequests, OverheadComesOnTop) {
  EXPECT_EQ(milli_cpu(text::cat(R"({"overhead":{"cpu":"250m"},"containers":[)",
                                container(R"({"cpu":"1"})"), "]}")),
            1250);
}

TEST(PodRequests, AmountsOfThePodReplaceTheSum) {
  EXPECT_EQ(milli_cpu(text::cat(R"({"resources":{"requests":{"cpu":"3"}},"containers":[)",
                                container(R"({"cpu":"1"})"), "]}")),
            3000);
}

TEST(PodRequests, WhoAsksForNothingStillWeighsSomething) {
  const auto facts = facts_of(pod("p"));
  EXPECT_EQ(facts.requests, Resources{});
  EXPECT_EQ(facts.weight.milli_cpu, 100);
  EXPECT_EQ(facts.weight.memory, 200'000'000);
}

TEST(ClusterSnapshot, PodsComeAndGoWithoutATrace) {
  Cluster cluster({node("a"), node("b")});
  const auto& nodes = cluster.snapshot.nodes();
  const auto p = pod("p", R"({"containers":[{"name":"c","ports":[{"containerPort":1,"hostPort":1}],
      "resources":{"requests":{"cpu":"1","example.com/gpu":"1"}}}]})");
  cluster.place(p, "a");
  EXPECT_EQ(nodes.at("a").requested.milli_cpu, 1000);
  EXPECT_EQ(cluster.snapshot.node_of("ns/p"), "a");
  cluster.place(p, "b");
  EXPECT_EQ(nodes.at("a").requested, Resources{}) << "it counts once";
  EXPECT_TRUE(nodes.at("a").host_ports.empty());
  EXPECT_EQ(nodes.at("b").host_ports.size(), 1u);
  cluster.snapshot.remove_pod("ns/p");
  EXPECT_EQ(nodes.at("b").requested, Resources{});
  EXPECT_EQ(cluster.snapshot.node_of("ns/p"), "");
}

TEST(ClusterSnapshot, ANodeThatGoesKeepsItsPodsUntilTheyGo) {
  Cluster cluster({node("a")});
  cluster.place(asking("p", R"({"cpu":"1"})"), "a");
  cluster.snapshot.remove_node("a");
  EXPECT_EQ(cluster.snapshot.node_count(), 0u);
  cluster.snapshot.put_node(node("a"));
  EXPECT_EQ(cluster.snapshot.nodes().at("a").requested.milli_cpu, 1000);
  cluster.snapshot.remove_node("a");
  cluster.snapshot.remove_pod("ns/p");
  EXPECT_TRUE(cluster.snapshot.nodes().empty());
}

}  // namespace
}  // namespace nodal::master::scheduler
