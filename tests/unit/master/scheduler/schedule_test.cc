// tests/unit/master/scheduler/schedule_test.cc — which nodes may take a pod, which of them does,
// and why none.
#include "master/scheduler/schedule.h"

#include <gtest/gtest.h>

#include "tests/unit/master/scheduler/cluster.h"

namespace nodal::master::scheduler {
namespace {

const std::string unhelpful =
    " preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
const std::string victimless =
    " preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
const std::string no_match =
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector." + unhelpful;

std::string with(const std::string& more) {
  return text::cat(R"({"containers":[{"name":"c"}],)", more, "}");
}
std::string requiring(const std::string& expression) {
  return with(text::cat(
      R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
         {"nodeSelectorTerms":[{"matchExpressions":[)",
      expression, "]}]}}}"));
}

TEST(Schedule, WithoutNodesThereIsNothingToSay) {
  EXPECT_EQ(Cluster({})(pod("p")), "no nodes available to schedule pods");
}

TEST(Schedule, ANodeSelectorChoosesByLabels) {
  const Cluster cluster(
      {node("a", R"({"disk":"hdd"})"), node("b", R"({"disk":"ssd","zone":"z"})")});
  EXPECT_EQ(cluster(pod("p", with(R"("nodeSelector":{"disk":"ssd"})"))), "b");
  EXPECT_EQ(cluster(pod("p", with(R"("nodeSelector":{"disk":"ssd","zone":"y"})"))),
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. "
            "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.");
}

TEST(Schedule, RequiredNodeAffinityKnowsItsOperators) {
  const Cluster cluster({node("a", R"({"disk":"ssd","cores":"8"})")});
  const auto fits = [&](const std::string& expression) {
    const auto answer = cluster(pod("p", requiring(expression)));
    if (answer != "a") {
      EXPECT_EQ(answer, no_match);
    }
    return answer == "a";
  };
  EXPECT_TRUE(fits(R"({"key":"disk","operator":"In","values":["hdd","ssd"]})"));
  EXPECT_FALSE(fits(R"({"key":"disk","operator":"In","values":["hdd"]})"));
  EXPECT_FALSE(fits(R"({"key":"none","operator":"In","values":["ssd"]})"));
  EXPECT_FALSE(fits(R"({"key":"disk","operator":"NotIn","values":["ssd"]})"));
  EXPECT_TRUE(fits(R"({"key":"none","operator":"NotIn","values":["ssd"]})"));
  EXPECT_TRUE(fits(R"({"key":"disk","operator":"Exists"})"));
  EXPECT_FALSE(fits(R"({"key":"disk","operator":"DoesNotExist"})"));
  EXPECT_TRUE(fits(R"({"key":"cores","operator":"Gt","values":["7"]})"));
  EXPECT_FALSE(fits(R"({"key":"cores","operator":"Gt","values":["8"]})"));
  EXPECT_TRUE(fits(R"({"key":"cores","operator":"Lt","values":["9"]})"));
  EXPECT_FALSE(fits(R"({"key":"disk","operator":"Gt","values":["1"]})")) << "no number";
  EXPECT_FALSE(fits(R"({"key":"disk","operator":"Exists"},{"key":"none","operator":"Exists"})"))
      << "the expressions of a term hold together";
}

TEST(Schedule, OneOfTheTermsIsEnoughAndAnEmptyOneIsNone) {
  const Cluster cluster({node("a", R"({"disk":"ssd"})")});
  const auto terms = [](const std::string& terms) {
    return pod("p",
               with(text::cat(
                   R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
                           {"nodeSelectorTerms":)",
                   terms, "}}}")));
  };
  EXPECT_EQ(cluster(terms(R"([{"matchExpressions":[{"key":"x","operator":"Exists"}]},
                              {"matchFields":[{"key":"metadata.name","operator":"In","values":["a"]}]}])")),
            "a");
  EXPECT_EQ(cluster(terms("[{}]")), no_match);
}

TEST(Schedule, PreferredNodeAffinityWeighs) {
  const Cluster cluster({node("a", R"({"disk":"hdd"})"), node("b", R"({"disk":"ssd"})")});
  const auto preferring = [](int hdd, int ssd) {
    const auto term = [](const char* value, int weight) {
      return text::cat(
          R"({"weight":)", weight,
          R"(,"preference":{"matchExpressions":[{"key":"disk","operator":"In","values":[")", value,
          R"("]}]}})");
    };
    return pod(
        "p",
        with(text::cat(
            R"("affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[)",
            term("hdd", hdd), ",", term("ssd", ssd), "]}}")));
  };
  EXPECT_EQ(cluster(preferring(10, 1)), "a");
  EXPECT_EQ(cluster(preferring(1, 10)), "b");
}

TEST(Schedule, TaintsKeepAwayWhoDoesNotTolerateThem) {
  const std::string taints = R"({"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"}]})";
  const Cluster cluster({node("a", "{}", taints)});
  EXPECT_EQ(cluster(pod("p")),
            "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}." + unhelpful);
  const auto tolerating = [&](const std::string& toleration) {
    return cluster(pod("p", with(text::cat(R"("tolerations":[)", toleration, "]")))) == "a";
  };
  EXPECT_TRUE(tolerating(R"({"key":"gpu","value":"yes","effect":"NoSchedule"})"));
  EXPECT_TRUE(tolerating(R"({"key":"gpu","operator":"Exists"})"));
  EXPECT_TRUE(tolerating(R"({"operator":"Exists"})"));
  EXPECT_FALSE(tolerating(R"({"key":"gpu","value":"no"})"));
  EXPECT_FALSE(tolerating(R"({"key":"gpu","operator":"Exists","effect":"NoExecute"})"));
}

TEST(Schedule, ASoftTaintIsAvoidedWhereThatIsPossible) {
  const std::string soft = R"({"taints":[{"key":"k","effect":"PreferNoSchedule"}]})";
  EXPECT_EQ(Cluster({node("a", "{}", soft), node("b")})(pod("p")), "b");
  EXPECT_EQ(Cluster({node("a", "{}", soft)})(pod("p")), "a");
}

TEST(Schedule, CordonedNodesTakeOnlyWhoTolerateIt) {
  const Cluster cluster({node("a", "{}", R"({"unschedulable":true})")});
  EXPECT_EQ(cluster(pod("p")),
            "0/1 nodes are available: 1 node(s) were unschedulable." + unhelpful);
  EXPECT_EQ(cluster(pod("p", with(R"("tolerations":[{"key":"node.kubernetes.io/unschedulable",
                                   "operator":"Exists","effect":"NoSchedule"}])"))),
            "a");
}

TEST(Schedule, ANodeTakesNoMorePodsThanItSays) {
  Cluster cluster({node("a", "{}", "{}", R"({"cpu":"4","memory":"8Gi","pods":"1"})")});
  EXPECT_EQ(cluster(pod("p")), "a");
  cluster.place(pod("q"), "a");
  EXPECT_EQ(cluster(pod("p")), "0/1 nodes are available: 1 Too many pods." + victimless);
}

TEST(Schedule, RequestsMustFitIntoWhatIsLeft) {
  Cluster cluster({node("a")});
  cluster.place(asking("q", R"({"cpu":"3","memory":"6Gi"})"), "a");
  EXPECT_EQ(cluster(asking("p", R"({"cpu":"1","memory":"2Gi"})")), "a");
  EXPECT_EQ(cluster(asking("p", R"({"cpu":"1001m"})")),
            "0/1 nodes are available: 1 Insufficient cpu." + victimless);
  EXPECT_EQ(cluster(asking("p", R"({"cpu":"2","memory":"3Gi"})")),
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory." + victimless);
  EXPECT_EQ(cluster(asking("p", R"({"cpu":"5"})")),
            "0/1 nodes are available: 1 Insufficient cpu." + unhelpful)
      << "not even an empty node could";
  EXPECT_EQ(cluster(asking("p", R"({"example.com/gpu":"1"})")),
            "0/1 nodes are available: 1 Insufficient example.com/gpu." + unhelpful);
  cluster.snapshot.remove_pod("ns/q");
  EXPECT_EQ(cluster(asking("p", R"({"cpu":"4","memory":"8Gi"})")), "a");
}

TEST(Schedule, AHostPortIsTakenOnce) {
  const auto on = [](const std::string& name, const std::string& port) {
    return pod(name, text::cat(R"({"containers":[{"name":"c","ports":[)", port, "]}]}"));
  };
  Cluster cluster({node("a")});
  cluster.place(on("q", R"({"containerPort":80,"hostPort":80,"hostIP":"192.0.2.1"})"), "a");
  const std::string taken =
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports." +
      victimless;
  EXPECT_EQ(cluster(on("p", R"({"containerPort":80,"hostPort":80})")), taken);
  EXPECT_EQ(cluster(on("p", R"({"containerPort":80,"hostPort":80,"hostIP":"192.0.2.1"})")), taken);
  EXPECT_EQ(cluster(on("p", R"({"containerPort":80,"hostPort":80,"hostIP":"192.0.2.2"})")), "a");
  EXPECT_EQ(cluster(on("p", R"({"containerPort":80,"hostPort":80,"protocol":"UDP"})")), "a");
  EXPECT_EQ(cluster(on("p", R"({"containerPort":80,"hostPort":81})")), "a");
  EXPECT_EQ(cluster(on("p", R"({"containerPort":80})")), "a");
}

TEST(Schedule, EqualPodsAreSpread) {
  Cluster cluster({node("a"), node("b"), node("c")});
  std::map<std::string, int> placed;
  for (int i = 0; i < 6; ++i) {
    const auto p = pod(text::cat("p", i));
    const auto chosen = cluster(p);
    cluster.place(p, chosen);
    cluster.snapshot.mark_chosen(chosen);
    ++placed[chosen];
  }
  EXPECT_EQ(placed, (std::map<std::string, int>{{"a", 2}, {"b", 2}, {"c", 2}}));
}

TEST(Schedule, PodsOfOneControllerStandApartEvenWhereThereIsLessRoom) {
  const auto owned = [](const std::string& name) {
    auto out = *asking(name, R"({"cpu":"10m","memory":"1Mi"})");
    auto& owner = out.metadata.owner_references.emplace_back();
    owner.uid = "rs";
    owner.controller = true;
    return std::make_shared<const core_v1::Pod>(std::move(out));
  };
  Cluster cluster({node("a"), node("b")});
  cluster.place(owned("p1"), "a");
  cluster.place(asking("other", R"({"cpu":"1","memory":"2Gi"})"), "b");
  EXPECT_EQ(cluster(owned("p2")), "b");
}

TEST(Schedule, ATopologyIsKeptEven) {
  const std::string spreading =
      with(R"("topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone",
      "whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}}}])");
  const std::string web = R"({"app":"web"})";
  Cluster cluster({node("a", R"({"zone":"1"})"), node("b", R"({"zone":"2"})"), node("c")});
  cluster.place(pod("q", with(R"("hostname":"q")"), web), "a");
  EXPECT_EQ(cluster(pod("p", spreading, web)), "b");
  Cluster full({node("a", R"({"zone":"1"})"),
                node("b", R"({"zone":"2"})", "{}", R"({"cpu":"0","memory":"0","pods":"0"})"),
                node("c")});
  full.place(pod("q", with(R"("hostname":"q")"), web), "a");
  EXPECT_EQ(full(pod("p", spreading, web)),
            "0/3 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread "
            "constraints, 1 node(s) didn't match pod topology spread constraints (missing required "
            "label). preemption: 0/3 nodes are available: 1 Preemption is not helpful for "
            "scheduling, 2 No preemption victims found for incoming pod.");
}

TEST(Schedule, PodAffinityAndItsOppositeLookAtTopologies) {
  const auto near = [](const char* kind, const char* app) {
    return with(
        text::cat(R"("affinity":{")", kind,
                  R"(":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone",
                             "labelSelector":{"matchLabels":{"app":")",
                  app, R"("}}}]}})"));
  };
  Cluster cluster({node("a", R"({"zone":"1"})"), node("b", R"({"zone":"2"})")});
  cluster.place(pod("db", with(R"("hostname":"db")"), R"({"app":"db"})"), "b");
  EXPECT_EQ(cluster(pod("p", near("podAffinity", "db"))), "b");
  EXPECT_EQ(cluster(pod("p", near("podAntiAffinity", "db"))), "a");
  EXPECT_EQ(cluster(pod("p", near("podAffinity", "none"))),
            "0/2 nodes are available: 2 node(s) didn't match pod affinity rules. preemption: 0/2 "
            "nodes are available: 2 Preemption is not helpful for scheduling.");
  EXPECT_NE(cluster.decide(pod("p", near("podAffinity", "self"), R"({"app":"self"})")).node, "")
      << "the first of a group has nobody to be near";
  cluster.place(pod("lone", near("podAntiAffinity", "web"), R"({"app":"lone"})"), "a");
  EXPECT_EQ(cluster(pod("p", with(R"("hostname":"p")"), R"({"app":"web"})")), "b")
      << "the pod on the other node wants none of it";
}

TEST(Schedule, WhatPreemptionWouldDoIsSaidOnlyWhereItIsTrue) {
  Cluster cluster({node("a")});
  cluster.place(asking("q", R"({"cpu":"3"})"), "a");
  auto urgent = *asking("p", R"({"cpu":"2"})");
  urgent.spec.priority = 1000;
  const std::string refused = "0/1 nodes are available: 1 Insufficient cpu.";
  EXPECT_EQ(cluster(std::make_shared<const core_v1::Pod>(urgent)), refused)
      << "a pod of less priority is there, and this scheduler removes none";
  urgent.spec.preemption_policy = "Never";
  EXPECT_EQ(cluster(std::make_shared<const core_v1::Pod>(urgent)),
            refused + " preemption: not eligible due to preemptionPolicy=Never.");
}

TEST(Schedule, AnImageThatIsThereSpeaksForANode) {
  auto with_image = *node("b");
  auto& image = with_image.status.images.emplace_back();
  image.names = {"docker.io/library/web:1"};
  image.size_bytes = 900LL * 1024 * 1024;
  EXPECT_EQ(Cluster({node("a"), std::make_shared<const core_v1::Node>(with_image)})(
                pod("p", R"({"containers":[{"name":"c","image":"web:1"}]})")),
            "b");
}

}  // namespace
}  // namespace nodal::master::scheduler
