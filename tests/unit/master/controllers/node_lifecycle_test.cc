// tests/unit/master/controllers/node_lifecycle_test.cc — silent nodes, their taints, and who
// leaves.
#include <gtest/gtest.h>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/controllers/node_lifecycle/plan.h"

namespace nodal::master::controllers::node_lifecycle {
namespace {

using namespace std::chrono_literals;

const TimePoint t0{std::chrono::seconds(1'800'000'000)};

core_v1::Node node(const std::string& ready, const std::string& spec = "{}") {
  auto out =
      codec::decode<core_v1::Node>(R"({"metadata":{"name":"n"},"spec":)" + spec + "}").value();
  out.metadata.creation_timestamp = t0 - 1h;
  if (!ready.empty()) {
    auto& condition = out.status.conditions.emplace_back();
    condition.type = "Ready";
    condition.status = ready;
    condition.last_heartbeat_time = t0 - 5min;
  }
  return out;
}

std::shared_ptr<const core_v1::Pod> pod(const std::string& name, const std::string& tolerations,
                                        bool ready = false) {
  auto out = codec::decode<core_v1::Pod>(R"({"metadata":{"namespace":"ns","name":")" + name +
                                         R"("},"spec":{"tolerations":)" + tolerations + "}}")
                 .value();
  if (ready) {
    auto& condition = out.status.conditions.emplace_back();
    condition.type = "Ready";
    condition.status = "True";
  }
  return std::make_shared<const core_v1::Pod>(std::move(out));
}
const std::string default_tolerations =
    R"([{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
        {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}])";

using node_lifecycle::plan;
Plan plan(const core_v1::Node& node, std::optional<TimePoint> renewed,
          const std::vector<std::shared_ptr<const core_v1::Pod>>& pods, TimePoint now) {
  return plan(node, renewed, pods, TaintTimes{}, now);
}

std::string taints(const Plan& plan) {
  if (!plan.taints) return "as before";
  std::string out;
  for (const auto& taint : *plan.taints)
    out += text::cat(out.empty() ? "" : " ", taint.key, ":", taint.effect);
  return out;
}

TEST(NodeLifecycle, ANodeThatRenewsItsLeaseIsLeftAlone) {
  const auto p = plan(node("True"), t0 - 10s, {pod("a", "[]", true)}, t0);
  EXPECT_TRUE(p.conditions.empty());
  EXPECT_FALSE(p.taints);
  EXPECT_TRUE(p.evict.empty());
  EXPECT_TRUE(p.unready.empty());
  EXPECT_EQ(p.look_again, t0 - 10s + kGrace + 1s);
  EXPECT_TRUE(plan(node("True"), t0 - kGrace, {}, t0).conditions.empty()) << "just within";
}

TEST(NodeLifecycle, ASilentNodesConditionsBecomeUnknownAndItsPodsUnready) {
  const auto p = plan(node("True"), t0 - kGrace - 1s, {pod("a", "[]", true), pod("b", "[]")}, t0);
  ASSERT_EQ(p.conditions.size(), 4u);
  EXPECT_EQ(p.conditions[0].type, "Ready");
  EXPECT_EQ(p.conditions[0].status, "Unknown");
  EXPECT_EQ(p.conditions[0].reason, "NodeStatusUnknown");
  EXPECT_EQ(p.conditions[0].last_transition_time, t0);
  EXPECT_EQ(p.conditions[1].reason, "NodeStatusNeverUpdated");
  EXPECT_EQ(p.unready, std::vector<std::string>{"ns/a"});
  EXPECT_EQ(taints(p),
            "node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute");
  EXPECT_EQ(p.taints->at(1).time_added, t0);
}

TEST(NodeLifecycle, AStatusIsASignOfLifeToo) {
  auto n = node("True");
  n.status.conditions[0].last_heartbeat_time = t0 - 1s;
  EXPECT_TRUE(plan(n, t0 - 1h, {}, t0).conditions.empty());
  EXPECT_TRUE(plan(n, std::nullopt, {}, t0).conditions.empty()) << "also without a lease";
}

TEST(NodeLifecycle, WhatIsUnknownAlreadyIsNotWrittenAgain) {
  auto n = node("True");
  n.status.conditions = plan(n, t0 - 1h, {}, t0).conditions;
  EXPECT_TRUE(plan(n, t0 - 1h, {}, t0 + 1min).conditions.empty());
}

TEST(NodeLifecycle, TaintsFollowConditionsAndOthersStay) {
  const std::string own = R"({"taints":[{"key":"mine","value":"x","effect":"NoSchedule"}]})";
  EXPECT_EQ(taints(plan(node("True", own), t0, {}, t0)), "as before");
  EXPECT_EQ(taints(plan(node("False", own), t0, {}, t0)),
            "mine:NoSchedule node.kubernetes.io/not-ready:NoSchedule "
            "node.kubernetes.io/not-ready:NoExecute");
  auto pressed = node("True");
  auto& condition = pressed.status.conditions.emplace_back();
  condition.type = "DiskPressure";
  condition.status = "True";
  EXPECT_EQ(taints(plan(pressed, t0, {}, t0)), "node.kubernetes.io/disk-pressure:NoSchedule");
  EXPECT_EQ(taints(plan(node("True", R"({"unschedulable":true})"), t0, {}, t0)),
            "node.kubernetes.io/unschedulable:NoSchedule");
  auto recovered =
      node("True", R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"}]})");
  EXPECT_EQ(taints(plan(recovered, t0, {}, t0)), "");
}

TEST(NodeLifecycle, PodsLeaveWhenTheirTolerationRunsOut) {
  auto n = node("False");
  n.spec.taints = *plan(n, t0, {}, t0).taints;  // since t0
  const auto patient = pod("patient", default_tolerations);
  const auto p = plan(
      n, t0, {pod("plain", "[]"), patient, pod("stays", R"([{"operator":"Exists"}])")}, t0 + 10s);
  EXPECT_EQ(p.evict, std::vector<std::string>{"ns/plain"});
  EXPECT_EQ(plan(n, t0 + 299s, {patient}, t0 + 299s).look_again, t0 + 300s);
  EXPECT_EQ(plan(n, t0 + 300s, {patient}, t0 + 300s).evict, std::vector<std::string>{"ns/patient"});
}

TEST(NodeLifecycle, TolerationsMatchByKeyValueAndEffect) {
  const auto leaves = [](const std::string& toleration) {
    auto n = node("True", R"({"taints":[{"key":"k","value":"v","effect":"NoExecute"}]})");
    return !plan(n, t0, {pod("a", "[" + toleration + "]")}, t0).evict.empty();
  };
  EXPECT_FALSE(leaves(R"({"key":"k","value":"v","effect":"NoExecute"})"));
  EXPECT_FALSE(leaves(R"({"key":"k","operator":"Exists"})"));
  EXPECT_TRUE(leaves(R"({"key":"k","value":"w"})"));
  EXPECT_TRUE(leaves(R"({"key":"other","operator":"Exists"})"));
  EXPECT_TRUE(leaves(R"({"key":"k","operator":"Exists","effect":"NoSchedule"})"));
  EXPECT_TRUE(leaves(R"({"value":"v"})"));
  EXPECT_TRUE(leaves(R"({"key":"k","operator":"Exists","tolerationSeconds":0})"));
}

const std::string tainted = R"({"taints":[{"key":"k","value":"v","effect":"NoExecute"}]})";

TEST(NodeLifecycle, ATaintThatSaysNoTimeCountsFromWhenItWasSeen) {
  const auto n = node("True", tainted);
  const auto p = pod("p", R"([{"key":"k","operator":"Exists","tolerationSeconds":60}])");
  auto seen = taints_seen(n, {}, t0);
  EXPECT_EQ(plan(n, t0 + 59s, {p}, seen, t0 + 59s).look_again, t0 + 60s);
  seen = taints_seen(n, seen, t0 + 60s);
  EXPECT_EQ(plan(n, t0 + 60s, {p}, seen, t0 + 60s).evict, std::vector<std::string>{"ns/p"});
  EXPECT_TRUE(taints_seen(node("True"), seen, t0 + 61s).empty()) << "the taint is gone";
  EXPECT_TRUE(taints_seen(node("True", R"({"taints":[{"key":"k","effect":"NoSchedule"}]})"), {}, t0)
                  .empty());
}

TEST(NodeLifecycle, APodThatComesLaterHasItsWholeTime) {
  const auto n = node("True", tainted);
  const auto seen = taints_seen(n, {}, t0);
  auto late = *pod("p", R"([{"key":"k","operator":"Exists","tolerationSeconds":60}])");
  const auto leaves = [&](TimePoint now) {
    return !plan(n, now, {std::make_shared<const core_v1::Pod>(late)}, seen, now).evict.empty();
  };
  late.metadata.creation_timestamp = t0 + 1h;
  EXPECT_FALSE(leaves(t0 + 1h + 59s));
  EXPECT_TRUE(leaves(t0 + 1h + 60s));
  auto& condition = late.status.conditions.emplace_back();
  condition.type = "PodScheduled";
  condition.status = "True";
  condition.last_transition_time = t0 + 2h;
  EXPECT_FALSE(leaves(t0 + 2h + 59s)) << "it waited for its node";
  EXPECT_TRUE(leaves(t0 + 2h + 60s));
}

TEST(NodeLifecycle, TheFirstTolerationThatMatchesCountsAndOfTheTaintsTheShortest) {
  const auto leaves = [](const std::string& taints, const std::string& tolerations) {
    const auto n = node("True", R"({"taints":)" + taints + "}");
    const auto p = plan(n, t0, {pod("p", tolerations)}, taints_seen(n, {}, t0), t0);
    if (!p.evict.empty()) return std::string("now");
    const auto wake = std::min(p.look_again.value(), t0 + 41s);  // else the lease's time
    return text::cat(std::chrono::duration_cast<std::chrono::seconds>(wake - t0).count());
  };
  const std::string a = R"({"key":"a","effect":"NoExecute"})",
                    b = R"({"key":"b","effect":"NoExecute"})";
  const auto toleration = [](const char* key, const std::string& seconds) {
    return text::cat(R"({"key":")", key, R"(","operator":"Exists")",
                     seconds.empty() ? "" : R"(,"tolerationSeconds":)" + seconds, "}");
  };
  const auto list = [](const std::string& x, const std::string& y) {
    return text::cat("[", x, y.empty() ? "" : ",", y, "]");
  };
  EXPECT_EQ(leaves(list(a, ""), list(toleration("a", "10"), toleration("a", ""))), "10");
  EXPECT_EQ(leaves(list(a, ""), list(toleration("a", ""), toleration("a", "10"))), "41") << "never";
  EXPECT_EQ(leaves(list(a, b), list(toleration("a", ""), toleration("b", "20"))), "20");
  EXPECT_EQ(leaves(list(a, b), list(toleration("a", "10"), toleration("b", "20"))), "10");
  EXPECT_EQ(leaves(list(a, ""), list(toleration("a", "-1"), "")), "now");
  EXPECT_EQ(leaves(list(a, b), list(toleration("a", ""), "")), "now");
}

TEST(NodeLifecycle, APodIsSentAwayOnceAndNotWhileItLeaves) {
  auto n = node(
      "True", R"({"taints":[{"key":"a","effect":"NoExecute"},{"key":"b","effect":"NoExecute"}]})");
  EXPECT_EQ(plan(n, t0, {pod("p", "[]")}, t0).evict, std::vector<std::string>{"ns/p"});
  auto leaving = *pod("p", "[]");
  leaving.metadata.deletion_timestamp = t0;
  EXPECT_TRUE(plan(n, t0, {std::make_shared<const core_v1::Pod>(leaving)}, t0).evict.empty());
}

TEST(PodCidrs, EachNodeGetsTheFirstThatNobodyHas) {
  const auto cluster = net::Cidr::parse("10.244.0.0/22").value();
  std::vector<std::shared_ptr<const core_v1::Node>> nodes;
  for (const char* want : {"10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"}) {
    const auto cidr = free_pod_cidr(cluster, 24, nodes);
    ASSERT_TRUE(cidr);
    EXPECT_EQ(cidr->text(), want);
    core_v1::Node n;
    n.spec.pod_cidr = cidr->text();
    nodes.push_back(std::make_shared<const core_v1::Node>(n));
  }
  EXPECT_FALSE(free_pod_cidr(cluster, 24, nodes)) << "all are taken";
  nodes.erase(nodes.begin() + 1);
  EXPECT_EQ(free_pod_cidr(cluster, 24, nodes)->text(), "10.244.1.0/24");
}

TEST(PodCidrs, RangesOfOtherSizesAreSeenToo) {
  const auto cluster = net::Cidr::parse("10.244.0.0/16").value();
  core_v1::Node wide, narrow;
  wide.spec.pod_cidrs = {"10.244.0.0/23"};
  narrow.spec.pod_cidrs = {"10.244.2.128/25"};
  EXPECT_EQ(free_pod_cidr(cluster, 24,
                          {std::make_shared<const core_v1::Node>(wide),
                           std::make_shared<const core_v1::Node>(narrow)})
                ->text(),
            "10.244.3.0/24");
  EXPECT_FALSE(free_pod_cidr(cluster, 8, {})) << "wider than the cluster";
}

}  // namespace
}  // namespace nodal::master::controllers::node_lifecycle
