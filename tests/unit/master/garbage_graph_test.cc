// tests/unit/master/garbage_graph_test.cc — what the garbage collector does about one object.
#include <gtest/gtest.h>

#include "gen/apps_v1.h"
#include "gen/core_v1.h"
#include "master/controllers/garbage/graph.h"

namespace nodal::master::garbage {
namespace {

using Removal = Work::Removal;
using Uids = std::set<std::string, std::less<>>;

Node set(std::string uid) {
  return {apps_v1::ReplicaSet::kResource, "default", uid, uid, {}, false, false, false};
}
Node pod(std::string uid, std::vector<std::string> owners, bool blocks = true) {
  Node out{core_v1::Pod::kResource, "default", uid, uid, {}, false, false, false};
  for (auto& owner : owners) out.owners.push_back({owner, "apps/v1", "ReplicaSet", owner, blocks});
  return out;
}
Node foreground(Node node) {
  node.deleting = node.foreground = true;
  return node;
}
Node orphaning(Node node) {
  node.deleting = node.orphan = true;
  return node;
}

TEST(GarbageGraph, WhatHasALivingOwnerStays) {
  Graph graph;
  graph.put(set("s"));
  graph.put(pod("p", {"s"}));
  EXPECT_EQ(graph.work("p", {}), Work{});
  EXPECT_EQ(graph.work("s", {}), Work{});
  EXPECT_EQ(graph.work("unknown", {}), Work{});
}

TEST(GarbageGraph, AnOwnerNotSeenIsAskedForBeforeAnythingIsDeleted) {
  Graph graph;
  graph.put(pod("p", {"s"}));
  const auto work = graph.work("p", {});
  ASSERT_EQ(work.verify.size(), 1u);
  EXPECT_EQ(work.verify[0].uid, "s");
  EXPECT_EQ(work.removal, Removal::none);
}

TEST(GarbageGraph, WithoutAnyOwnerLeftItIsDeleted) {
  Graph graph;
  graph.put(pod("p", {"s"}));
  EXPECT_EQ(graph.work("p", Uids{"s"}).removal, Removal::background);
}

TEST(GarbageGraph, OneLivingOwnerKeepsItAndTheDeadLeaveItsList) {
  Graph graph;
  graph.put(set("alive"));
  graph.put(pod("p", {"gone", "alive"}));
  const auto work = graph.work("p", Uids{"gone"});
  EXPECT_EQ(work.removal, Removal::none);
  EXPECT_EQ(work.drop_owners, std::vector<std::string>{"gone"});
}

TEST(GarbageGraph, AnOwnerOfAnotherNamespaceIsNone) {
  Graph graph;
  auto other = set("s");
  other.namespace_ = "other";
  graph.put(other);
  graph.put(pod("p", {"s"}));
  EXPECT_EQ(graph.work("p", {}).removal, Removal::background);
}

TEST(GarbageGraph, AClusterWideOwnerMayOwnAnything) {
  Graph graph;
  graph.put({core_v1::Node::kResource, "", "n", "n", {}, false, false, false});
  graph.put(pod("p", {"n"}));
  EXPECT_EQ(graph.work("p", {}), Work{});
}

TEST(GarbageGraph, ForegroundDeletionWaitsForWhatBlocksIt) {
  Graph graph;
  graph.put(foreground(set("s")));
  graph.put(pod("p", {"s"}));
  EXPECT_EQ(graph.work("s", {}), Work{});
  EXPECT_EQ(graph.work("p", {}).removal, Removal::background) << "its own work sends it away";
  auto going = pod("p", {"s"});
  going.deleting = true;
  graph.put(going);
  EXPECT_EQ(graph.work("s", {}), Work{}) << "the dependent is on its way";
  graph.remove("p");
  EXPECT_TRUE(graph.work("s", {}).drop_foreground);
}

TEST(GarbageGraph, WhatDoesNotBlockDelaysNoForegroundDeletion) {
  Graph graph;
  graph.put(foreground(set("s")));
  graph.put(pod("p", {"s"}, false));
  EXPECT_TRUE(graph.work("s", {}).drop_foreground);
  EXPECT_EQ(graph.work("p", {}).removal, Removal::background);
}

TEST(GarbageGraph, AForegroundDeletionLeavesWhatHasAnotherOwner) {
  Graph graph;
  graph.put(foreground(set("s")));
  graph.put(set("other"));
  graph.put(pod("p", {"s", "other"}));
  EXPECT_EQ(graph.work("s", {}), Work{}) << "it waits for the reference to go";
  const auto work = graph.work("p", {});
  EXPECT_EQ(work.removal, Removal::none);
  EXPECT_EQ(work.drop_owners, std::vector<std::string>{"s"});
  graph.put(pod("p", {"other"}));
  EXPECT_TRUE(graph.work("s", {}).drop_foreground);
}

// One pod after another is deleted in the foreground, as its owner waits for it; each step is one
// object's work.
TEST(GarbageGraph, ACircleOfOwnersGoes) {
  Graph graph;
  graph.put(foreground(pod("a", {"c"})));
  graph.put(pod("b", {"a"}));
  graph.put(pod("c", {"b"}));
  EXPECT_EQ(graph.work("b", {}).removal, Removal::foreground);
  EXPECT_EQ(graph.work("c", {}), Work{}) << "its owner is still there";
  graph.put(foreground(pod("b", {"a"})));
  EXPECT_EQ(graph.work("c", {}).removal, Removal::foreground);
  EXPECT_TRUE(graph.work("a", {}).unblock.empty()) << "there is no circle yet";
  graph.put(foreground(pod("c", {"b"})));
  EXPECT_EQ(graph.work("a", {}).unblock, std::vector<std::string>{"c"});
  EXPECT_EQ(graph.work("b", {}).unblock, std::vector<std::string>{"a"});
  graph.put(foreground(pod("a", {"c"}, false)));
  EXPECT_TRUE(graph.work("c", {}).drop_foreground);
  graph.remove("c");
  EXPECT_TRUE(graph.work("b", {}).drop_foreground);
  graph.remove("b");
  EXPECT_TRUE(graph.work("a", {}).drop_foreground);
}

TEST(GarbageGraph, WhatWaitsInNoCircleIsNotUnblocked) {
  Graph graph;
  graph.put(foreground(set("s")));
  graph.put(foreground(pod("p", {"s"})));
  graph.put(pod("grandchild", {"p"}));
  EXPECT_EQ(graph.work("p", {}), Work{});
  EXPECT_EQ(graph.work("s", {}), Work{});
}

TEST(GarbageGraph, ForegroundGoesDownTheTree) {
  Graph graph;
  graph.put(foreground(set("s")));
  graph.put(pod("p", {"s"}));
  graph.put(pod("grandchild", {"p"}));
  EXPECT_EQ(graph.work("p", {}).removal, Removal::foreground);
}

TEST(GarbageGraph, OrphaningLetsEveryDependentGo) {
  Graph graph;
  graph.put(orphaning(set("s")));
  graph.put(pod("p", {"s"}));
  graph.put(pod("q", {"s"}));
  const auto work = graph.work("s", {});
  EXPECT_EQ(work.let_go.size(), 2u);
  EXPECT_TRUE(work.drop_orphan);
  EXPECT_EQ(graph.work("p", {}), Work{}) << "its owner is still there: not garbage";
}

TEST(GarbageGraph, PutSaysWhetherAnythingIsNewAndOwnersMayChange) {
  Graph graph;
  EXPECT_TRUE(graph.put(pod("p", {"a"})));
  EXPECT_FALSE(graph.put(pod("p", {"a"})));
  EXPECT_TRUE(graph.put(pod("p", {"b"})));
  EXPECT_TRUE(graph.dependents("a").empty());
  EXPECT_EQ(graph.dependents("b"), std::vector<std::string>{"p"});
  graph.remove("p");
  EXPECT_TRUE(graph.dependents("b").empty());
  EXPECT_EQ(graph.size(), 0u);
}

}  // namespace
}  // namespace nodal::master::garbage
