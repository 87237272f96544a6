// tests/unit/master/controllers/replicaset_test.cc — how many pods, which ones go, what is counted.
#include <gtest/gtest.h>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/controllers/replicaset/plan.h"

namespace nodal::master::controllers::replicaset {
namespace {

using namespace std::chrono_literals;

const TimePoint t0{std::chrono::seconds(1'800'000'000)};

apps_v1::ReplicaSet set(int replicas, int settle = 0) {
  return codec::decode<apps_v1::ReplicaSet>(
             text::cat(
                 R"({"metadata":{"namespace":"ns","name":"web-x","uid":"rs"},"spec":{"replicas":)",
                 replicas, R"(,"minReadySeconds":)", settle,
                 R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":
                       {"labels":{"app":"web","tier":"front"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})"))
      .value();
}

struct Builder {
  core_v1::Pod pod;
  explicit Builder(const std::string& name) {
    pod = make_pod(set(1));
    pod.metadata.name = name;
    pod.metadata.creation_timestamp = t0;
    pod.status.phase = "Pending";
  }
  Builder& on(const std::string& node) {
    pod.spec.node_name = node;
    return *this;
  }
  Builder& ready(TimePoint since = t0) {
    pod.status.phase = "Running";
    auto& condition = pod.status.conditions.emplace_back();
    condition.type = "Ready";
    condition.status = "True";
    condition.last_transition_time = since;
    return *this;
  }
  Builder& running() {
    pod.status.phase = "Running";
    return *this;
  }
  Builder& restarts(int count) {
    pod.status.container_statuses.emplace_back().restart_count = count;
    return *this;
  }
  Builder& cost(const std::string& cost) {
    pod.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = cost;
    return *this;
  }
  Builder& created(TimePoint at) {
    pod.metadata.creation_timestamp = at;
    return *this;
  }
  operator PodPtr() const { return std::make_shared<const core_v1::Pod>(pod); }
};

std::string names(const std::vector<PodPtr>& pods) {
  std::string out;
  for (const auto& pod : pods) out += text::cat(out.empty() ? "" : " ", pod->metadata.name);
  return out;
}

// Which of two goes first.
std::string first(PodPtr a, PodPtr b) { return names(plan(set(1), {a, b}, t0 + 1h).remove); }

TEST(ReplicaSetPlan, MissingPodsAreCreatedAndSurplusOnesGo) {
  EXPECT_EQ(plan(set(3), {Builder("a")}, t0).create, 2);
  EXPECT_EQ(plan(set(1), {Builder("a")}, t0).create, 0);
  EXPECT_EQ(plan(set(0), {Builder("a"), Builder("b")}, t0).remove.size(), 2u);
  EXPECT_EQ(plan(set(2000), {}, t0).create, kMostAtOnce);
}

TEST(ReplicaSetPlan, FinishedAndLeavingPodsDoNotCount) {
  Builder failed("failed"), leaving("leaving");
  failed.pod.status.phase = "Failed";
  leaving.pod.metadata.deletion_timestamp = t0;
  const auto p = plan(set(1), {failed, leaving}, t0);
  EXPECT_EQ(p.create, 1);
  EXPECT_TRUE(p.remove.empty());
  ASSERT_TRUE(p.status);
  EXPECT_EQ(p.status->replicas, 0);
  EXPECT_EQ(p.status->terminating_replicas, 1);
}

TEST(ReplicaSetPlan, WhatServesLeastGoesFirst) {
  EXPECT_EQ(first(Builder("a").on("n").ready(), Builder("b").ready()), "b") << "without a node";
  EXPECT_EQ(first(Builder("a").on("n").running(), Builder("b").on("n")), "b") << "pending";
  EXPECT_EQ(first(Builder("a").on("n").ready(), Builder("b").on("n").running()), "b") << "unready";
  EXPECT_EQ(first(Builder("a").on("n").ready().cost("5"), Builder("b").on("n").ready()), "b")
      << "cheaper";
  EXPECT_EQ(first(Builder("a").on("n").ready().cost("-1"), Builder("b").on("n").ready()), "a");
  EXPECT_EQ(first(Builder("a").on("n").ready(t0), Builder("b").on("n").ready(t0 + 1s)), "b")
      << "ready for a shorter time";
  EXPECT_EQ(first(Builder("a").on("n").ready(), Builder("b").on("n").ready().restarts(3)), "b")
      << "restarted more often";
  EXPECT_EQ(first(Builder("a").on("n").ready(), Builder("b").on("n").ready().created(t0 + 1s)), "b")
      << "younger";
}

TEST(ReplicaSetPlan, CrowdedNodesAreRelievedFirst) {
  const auto p = plan(
      set(2),
      {Builder("a").on("n1").ready(), Builder("b").on("n2").ready(), Builder("c").on("n2").ready()},
      t0 + 1h);
  EXPECT_EQ(names(p.remove), "b");
}

TEST(ReplicaSetPlan, OrphansAreAdoptedAndStrangersReleased) {
  Builder orphan("orphan"), stranger("stranger"), others("others"), other_app("other-app");
  orphan.pod.metadata.owner_references.clear();
  stranger.pod.metadata.labels = {{"app", "other"}};
  others.pod.metadata.owner_references[0].uid = "someone";
  other_app.pod.metadata.owner_references.clear();
  other_app.pod.metadata.labels = {{"app", "other"}};
  const auto p = plan(set(2), {orphan, stranger, others, other_app}, t0);
  EXPECT_EQ(names(p.adopt), "orphan");
  EXPECT_EQ(names(p.release), "stranger");
  EXPECT_EQ(p.create, 1) << "the adopted one counts";
}

TEST(ReplicaSetPlan, ASetThatIsBeingDeletedMakesNoPodsAndAdoptsNone) {
  auto going = set(3);
  going.metadata.deletion_timestamp = t0;
  Builder orphan("orphan");
  orphan.pod.metadata.owner_references.clear();
  const auto p = plan(going, {Builder("a"), orphan}, t0);
  EXPECT_EQ(p.create, 0);
  EXPECT_TRUE(p.adopt.empty());
  EXPECT_TRUE(p.remove.empty());
}

TEST(ReplicaSetPlan, AvailableIsReadyForLongEnough) {
  const auto s = set(2, 30);
  const auto p = plan(s, {Builder("a").ready(t0), Builder("b").ready(t0 + 20s)}, t0 + 30s);
  ASSERT_TRUE(p.status);
  EXPECT_EQ(p.status->ready_replicas, 2);
  EXPECT_EQ(p.status->available_replicas, 1);
  EXPECT_EQ(p.look_again, t0 + 50s);
}

TEST(ReplicaSetPlan, TheStatusIsWrittenWhenItChanges) {
  auto s = set(1);
  Builder partly("a");
  partly.ready().pod.metadata.labels.erase("tier");
  const auto p = plan(s, {partly}, t0);
  ASSERT_TRUE(p.status);
  EXPECT_EQ(p.status->replicas, 1);
  EXPECT_EQ(p.status->fully_labeled_replicas, 0);
  s.status = *p.status;
  EXPECT_FALSE(plan(s, {partly}, t0).status);
}

TEST(ReplicaSetPlan, PodsComeFromTheTemplate) {
  const auto pod = make_pod(set(1));
  EXPECT_EQ(pod.metadata.generate_name, "web-x-");
  EXPECT_EQ(pod.metadata.namespace_, "ns");
  EXPECT_EQ(pod.metadata.labels.at("tier"), "front");
  EXPECT_EQ(pod.metadata.owner_references.at(0).kind, "ReplicaSet");
  EXPECT_EQ(pod.metadata.owner_references.at(0).controller, true);
  EXPECT_EQ(pod.spec.containers.at(0).image, "i");
}

}  // namespace
}  // namespace nodal::master::controllers::replicaset
