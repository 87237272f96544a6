// tests/unit/nodectl/drain_test.cc — which pods leave a node, and taints as typed.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "nodectl/drain_plan.h"
#include "nodectl/taints.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

json::object pod(const std::string& name, const char* owner, const char* more = "{}") {
  auto out = json::parse(more).as_object();
  json::object metadata{{"name", name}, {"namespace", "ns"}};
  if (*owner != 0)
    metadata["ownerReferences"] = json::array{json::object{{"kind", owner}, {"controller", true}}};
  out["metadata"] = std::move(metadata);
  return out;
}

constexpr const char* kEmptyDir = R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})";
constexpr const char* kOver =
    R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]},"status":{"phase":"Succeeded"}})";

std::string refusal(const json::object& one, const DrainRules& rules) {
  const auto plan = plan_drain({one}, rules);
  return plan ? "" : plan.error().message;
}

TEST(DrainPlan, NamesTheFlagThatLetsAPodGo) {
  EXPECT_EQ(refusal(pod("a", "ReplicaSet"), {}), "");
  EXPECT_EQ(refusal(pod("a", ""), {}),
            "cannot delete Pods that declare no controller (use --force to override): ns/a");
  EXPECT_EQ(refusal(pod("a", "ReplicaSet", kEmptyDir), {}),
            "cannot delete Pods with local storage (use --delete-emptydir-data to override): ns/a");
  EXPECT_EQ(refusal(pod("a", "DaemonSet"), {}),
            "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ns/a");
  EXPECT_EQ(refusal(pod("a", "", kOver), {}), "") << "nothing is lost with one that has ended";
  const auto two = plan_drain({pod("a", ""), pod("b", "DaemonSet"), pod("c", "")}, {});
  EXPECT_EQ(two.error().message,
            "[cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ns/b, "
            "cannot delete Pods that declare no controller (use --force to override): ns/a, ns/c]");
}

TEST(DrainPlan, FlagsLetThemGo) {
  const DrainRules all{true, true, true};
  const auto plan = plan_drain(
      {pod("a", "DaemonSet"), pod("b", "", kEmptyDir), pod("c", "ReplicaSet", kEmptyDir)}, all);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->pods.size(), 2u) << "all but that of the DaemonSet";
  EXPECT_EQ(plan->warnings,
            "deleting Pods that declare no controller: ns/b; ignoring DaemonSet-managed Pods: "
            "ns/a");
}

TEST(DrainPlan, LeavesStaticPods) {
  auto mirror = pod("a", "Node");
  mirror["metadata"].as_object()["annotations"] =
      json::object{{"kubernetes.io/config.mirror", "x"}};
  EXPECT_TRUE(plan_drain({mirror}, {})->pods.empty());
}

TEST(Taints, AreTakenOutOfTheWords) {
  std::vector<std::string> words{"node", "n1", "a=b:NoSchedule", "c:NoExecute-", "d-"};
  const auto changes = take_taints(words).value();
  EXPECT_EQ(words, (std::vector<std::string>{"node", "n1"}));
  EXPECT_EQ(changes.set, (std::vector<Taint>{{"a", "b", "NoSchedule"}}));
  EXPECT_EQ(changes.removed, (std::vector<Taint>{{"c", "", "NoExecute"}, {"d", "", ""}}));
  for (const auto* bad :
       {"a=b", "a=b:Never", "a=b:NoSchedule:x", "a b:NoSchedule", "a=b c:NoSchedule"}) {
    words = {"node", "n1", bad};
    EXPECT_FALSE(take_taints(words)) << bad;
  }
  words = {"node", "n1"};
  EXPECT_FALSE(take_taints(words)) << "no change";
  words = {"node", "n1", "a:NoSchedule", "a=b:NoSchedule"};
  EXPECT_FALSE(take_taints(words)) << "twice";
  words = {"node", "n1", "a:NoSchedule", "a:NoSchedule-"};
  EXPECT_FALSE(take_taints(words)) << "both";
}

TEST(Taints, Change) {
  const auto now = json::parse(R"([{"key":"a","value":"b","effect":"NoSchedule"}])").as_array();
  const auto change = [&](std::vector<std::string> words, bool overwrite = false) {
    return tainted(now, take_taints(words).value(), "n1", overwrite);
  };
  EXPECT_EQ(change({"c=d:NoSchedule"})->done, "tainted");
  EXPECT_EQ(change({"c=d:NoSchedule"})->taints.size(), 2u);
  EXPECT_EQ(change({"a=x:NoSchedule"}).error().message,
            "node n1 already has a taint(s) with same effect(s) and --overwrite is false");
  EXPECT_EQ(change({"a=x:NoSchedule"}, true)->done, "modified");
  EXPECT_EQ(change({"a=x:NoExecute"})->taints.size(), 2u) << "another effect, another taint";
  EXPECT_EQ(change({"a-"})->done, "untainted");
  EXPECT_TRUE(change({"a:NoSchedule-"})->taints.empty());
  EXPECT_EQ(change({"a:NoExecute-"}).error().message, "taint \"a:NoExecute\" not found");
}

}  // namespace
}  // namespace nodal::nodectl
