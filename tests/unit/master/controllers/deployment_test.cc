// tests/unit/master/controllers/deployment_test.cc — rollouts, step by step.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/controllers/deployment/plan.h"
#include "master/controllers/deployment/status.h"

namespace nodal::master::controllers::deployment {
namespace {

using namespace std::chrono_literals;

const TimePoint t0{std::chrono::seconds(1'800'000'000)};
constexpr const char* kRevision = "deployment.kubernetes.io/revision";

apps_v1::Deployment deployment(int replicas, const std::string& image = "v1",
                               const std::string& more = "") {
  return codec::decode<apps_v1::Deployment>(
             text::cat(
                 R"({"metadata":{"namespace":"ns","name":"web","uid":"d","generation":1},"spec":{"replicas":)",
                 replicas,
                 R"(,"selector":{"matchLabels":{"app":"web"}},"progressDeadlineSeconds":600,"revisionHistoryLimit":1,
                     "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":")",
                 image, R"("}]}})", more, "}}"))
      .value();
}
const std::string one_by_one =
    R"(,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}})";
const std::string recreate = R"(,"strategy":{"type":"Recreate"})";

// A ReplicaSet of that template, with `replicas` wanted and `available` of them serving.
apps_v1::ReplicaSet made(const apps_v1::Deployment& of, int replicas, int available,
                         int revision = 1) {
  auto set = plan(of, {}, t0).create.value();
  set.metadata.uid = set.metadata.name;
  set.metadata.creation_timestamp = t0 + std::chrono::seconds(revision);
  set.metadata.annotations[kRevision] = std::to_string(revision);
  set.spec.replicas = replicas;
  set.status.replicas = replicas;
  set.status.ready_replicas = set.status.available_replicas = available;
  return set;
}
SetPtr shared(apps_v1::ReplicaSet set) {
  return std::make_shared<const apps_v1::ReplicaSet>(std::move(set));
}

// "name:replicas" of what is scaled; names by revision ("r1").
std::string scaled(const Plan& plan) {
  std::string out;
  for (const auto& step : plan.scale)
    out += text::cat(out.empty() ? "" : " ", "r", step.set->metadata.annotations.at(kRevision), ":",
                     step.replicas);
  return out;
}
std::string condition(const Plan& plan, const char* type) {
  if (!plan.status) return "no status";
  const auto it =
      std::ranges::find(plan.status->conditions, type, &apps_v1::DeploymentCondition::type);
  return it == plan.status->conditions.end() ? "" : it->status + " " + it->reason;
}

TEST(DeploymentPlan, TheFirstReplicaSetHasTheTemplateAndItsHash) {
  const auto d = deployment(3);
  const auto p = plan(d, {}, t0);
  ASSERT_TRUE(p.create);
  const auto& set = *p.create;
  const auto hash = template_hash(d.spec.template_, 0);
  EXPECT_EQ(set.metadata.name, "web-" + hash);
  EXPECT_EQ(set.metadata.labels.at("pod-template-hash"), hash);
  EXPECT_EQ(set.spec.selector->match_labels.at("pod-template-hash"), hash);
  EXPECT_EQ(set.spec.template_.metadata.labels.at("pod-template-hash"), hash);
  EXPECT_EQ(set.spec.replicas, 3);
  EXPECT_EQ(set.metadata.annotations.at(kRevision), "1");
  EXPECT_EQ(set.metadata.owner_references.at(0).uid, "d");
  EXPECT_EQ(p.annotate.at("").at(kRevision), "1");
  EXPECT_EQ(condition(p, "Progressing"), "True NewReplicaSetCreated");
  EXPECT_EQ(condition(p, "Available"), "False MinimumReplicasUnavailable");
}

TEST(DeploymentPlan, TheHashFollowsTheTemplateAlone) {
  const auto a = deployment(1), b = deployment(9), c = deployment(1, "v2");
  EXPECT_EQ(template_hash(a.spec.template_, 0), template_hash(b.spec.template_, 0));
  EXPECT_NE(template_hash(a.spec.template_, 0), template_hash(c.spec.template_, 0));
  EXPECT_NE(template_hash(a.spec.template_, 0), template_hash(a.spec.template_, 1));
  auto labelled = a.spec.template_;
  labelled.metadata.labels["pod-template-hash"] = "x";
  EXPECT_TRUE(same_template(a.spec.template_, labelled));
  EXPECT_FALSE(same_template(a.spec.template_, c.spec.template_));
}

TEST(DeploymentPlan, AFinishedRolloutChangesNothing) {
  auto d = deployment(2);
  const auto set = shared(made(d, 2, 2));
  auto p = plan(d, {set}, t0);
  EXPECT_TRUE(p.scale.empty());
  EXPECT_EQ(condition(p, "Progressing"), "True NewReplicaSetAvailable");
  EXPECT_EQ(condition(p, "Available"), "True MinimumReplicasAvailable");
  d.status = *p.status;
  d.metadata.annotations[kRevision] = "1";
  p = plan(d, {set}, t0 + 1h);
  EXPECT_FALSE(p.status);
  EXPECT_TRUE(p.annotate.empty());
  EXPECT_FALSE(p.look_again);
}

TEST(DeploymentPlan, AReplicaSetThatWasThereBeforeIsFound) {
  const auto d = deployment(2);
  EXPECT_EQ(condition(plan(d, {shared(made(d, 2, 1))}, t0), "Progressing"),
            "True FoundNewReplicaSet");
}

TEST(DeploymentPlan, ScalingFollowsTheDeployment) {
  const auto set = shared(made(deployment(2), 2, 2));
  EXPECT_EQ(scaled(plan(deployment(5), {set}, t0)), "r1:5");
  EXPECT_EQ(scaled(plan(deployment(0), {set}, t0)), "r1:0");
}

TEST(DeploymentPlan, TheTimeToSettleIsHandedDown) {
  const auto set = shared(made(deployment(1), 1, 1));
  EXPECT_EQ(plan(deployment(1, "v1", R"(,"minReadySeconds":30)"), {set}, t0).settle, set);
  EXPECT_FALSE(plan(deployment(1), {set}, t0).settle);
}

TEST(DeploymentPlan, ARollingUpdateGoesUpWithinTheSurgeAndDownWithinWhatServes) {
  const auto before = deployment(2, "v1", one_by_one);
  const auto after = deployment(2, "v2", one_by_one);
  const auto p = plan(after, {shared(made(before, 2, 2))}, t0);
  ASSERT_TRUE(p.create);
  EXPECT_EQ(p.create->spec.replicas, 1) << "one above what is wanted";
  EXPECT_EQ(p.create->metadata.annotations.at(kRevision), "2");

  const auto step = [&](int old_wanted, int old_up, int now_wanted, int now_up) {
    return scaled(
        plan(after,
             {shared(made(before, old_wanted, old_up)), shared(made(after, now_wanted, now_up, 2))},
             t0));
  };
  EXPECT_EQ(step(2, 2, 1, 0), "") << "the new pod does not serve yet";
  EXPECT_EQ(step(2, 2, 1, 1), "r1:1");
  EXPECT_EQ(step(1, 1, 1, 1), "r2:2");
  EXPECT_EQ(step(1, 1, 2, 2), "r1:0");
  EXPECT_EQ(step(0, 0, 2, 2), "");
  EXPECT_EQ(step(2, 1, 1, 0), "") << "one that does not serve is one too few to go";
  EXPECT_EQ(step(2, 1, 1, 1), "r1:1") << "a broken pod of the old set serves nobody";
}

TEST(DeploymentPlan, EveryRolloutArrivesAndNeverLeavesItsLimits) {
  for (const int replicas : {1, 2, 3, 7, 10})
    for (const auto& [surge, unavailable] : {std::pair<std::string, std::string>{"1", "0"},
                                             {"0", "1"},
                                             {"\"25%\"", "\"25%\""},
                                             {"\"100%\"", "0"},
                                             {"0", "\"0%\""}}) {
      const auto strategy =
          text::cat(R"(,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":)", surge,
                    R"(,"maxUnavailable":)", unavailable, "}}");
      const auto before = deployment(replicas, "v1", strategy);
      auto d = deployment(replicas, "v2", strategy);
      std::vector<apps_v1::ReplicaSet> sets{made(before, replicas, replicas)};
      int steps = 0;
      for (; steps < 100; ++steps) {
        std::vector<SetPtr> pointers;
        for (const auto& set : sets) pointers.push_back(shared(set));
        const auto p = plan(d, pointers, t0);
        if (p.status) d.status = *p.status;
        if (p.create) {
          auto set = *p.create;
          set.metadata.creation_timestamp = t0 + 9s;
          sets.push_back(set);
        } else if (p.scale.empty() && std::ranges::all_of(sets, [](const auto& set) {
                     return set.status.available_replicas == *set.spec.replicas;
                   })) {
          break;
        }
        for (const auto& change : p.scale)
          for (auto& set : sets)
            if (set.metadata.name == change.set->metadata.name) set.spec.replicas = change.replicas;
        // The world follows: what is too much goes at once, one new pod comes up.
        bool came = false;
        int available = 0, total = 0;
        for (auto& set : sets) {
          auto& up = set.status.available_replicas;
          if (up > *set.spec.replicas) up = *set.spec.replicas;
          if (up < *set.spec.replicas && !std::exchange(came, true)) ++up;
          set.status.replicas = *set.spec.replicas;
          set.status.ready_replicas = up;
          available += up;
          total += *set.spec.replicas;
        }
        const int least = unavailable == "0" ? replicas : replicas - std::max(1, replicas / 4);
        ASSERT_GE(available, least) << replicas << " " << surge << " " << unavailable;
        const int most = replicas + (surge == "\"100%\""  ? replicas
                                     : surge == "\"25%\"" ? (replicas + 3) / 4
                                     : surge == "1"       ? 1
                                                          : 0);
        ASSERT_LE(total, most) << replicas << " " << surge << " " << unavailable;
      }
      ASSERT_LT(steps, 100) << replicas << " " << surge << " " << unavailable;
      EXPECT_EQ(*sets[0].spec.replicas, 0);
      EXPECT_EQ(*sets[1].spec.replicas, replicas);
    }
}

TEST(DeploymentPlan, RecreateTakesTheOldPodsAwayFirst) {
  const auto before = deployment(2, "v1", recreate);
  const auto after = deployment(2, "v2", recreate);
  auto old = made(before, 2, 2);
  auto p = plan(after, {shared(old)}, t0);
  EXPECT_FALSE(p.create);
  EXPECT_EQ(scaled(p), "r1:0");
  old.spec.replicas = 0;
  EXPECT_FALSE(plan(after, {shared(old)}, t0).create) << "its pods are still there";
  old.status.replicas = old.status.available_replicas = 0;
  p = plan(after, {shared(old)}, t0);
  ASSERT_TRUE(p.create);
  EXPECT_EQ(p.create->spec.replicas, 2);
  EXPECT_EQ(condition(p, "Available"), "False MinimumReplicasUnavailable")
      << "Recreate may not do with fewer";
}

TEST(DeploymentPlan, RecreateWaitsForTheLastTerminatingPod) {
  auto old = made(deployment(2, "v1", recreate), 0, 0);
  old.status.terminating_replicas = 1;
  EXPECT_FALSE(plan(deployment(2, "v2", recreate), {shared(old)}, t0).create);
  old.status.terminating_replicas = 0;
  EXPECT_TRUE(plan(deployment(2, "v2", recreate), {shared(old)}, t0).create);
}

// Ten pods with a surge of three, in the middle of a rollout: eight old, five new.
TEST(DeploymentPlan, ScalingInTheMiddleOfARolloutIsShared) {
  const std::string rolling =
      R"(,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":3,"maxUnavailable":2}})";
  const auto before = deployment(10, "v1", rolling);
  const auto sets = [&](int old_pods, int new_pods) {
    return std::vector{shared(made(before, old_pods, old_pods)),
                       shared(made(deployment(10, "v2", rolling), new_pods, 0, 2))};
  };
  const auto p = plan(deployment(15, "v2", rolling), sets(8, 5), t0);
  EXPECT_EQ(scaled(p), "r1:11 r2:7") << "five more: three for the larger set, two for the other";
  EXPECT_EQ(scaled(plan(deployment(5, "v2", rolling), sets(8, 5), t0)), "r1:5 r2:3");
  EXPECT_EQ(scaled(plan(deployment(0, "v2", rolling), sets(8, 5), t0)), "r1:0 r2:0");
  EXPECT_FALSE(plan(deployment(15, "v3", rolling), sets(8, 5), t0).create)
      << "first the size, then the next template";
  // A set that keeps its size is told as well, so that the next plan goes on with the rollout.
  const auto small = plan(deployment(11, "v2", rolling), sets(12, 1), t0);
  EXPECT_EQ(scaled(small), "r1:13");
  const auto& kept = small.annotate.at(sets(12, 1)[1]->metadata.name);
  EXPECT_EQ(kept.at("deployment.kubernetes.io/desired-replicas"), "11");
  EXPECT_EQ(kept.at("deployment.kubernetes.io/max-replicas"), "14");
}

TEST(DeploymentPlan, AScaledRolloutThatIsThroughDropsTheOldPods) {
  const auto before = deployment(2, "v1", one_by_one);
  auto now = made(deployment(3, "v2", one_by_one), 3, 3, 2);
  EXPECT_EQ(
      scaled(plan(deployment(3, "v2", one_by_one), {shared(made(before, 1, 1)), shared(now)}, t0)),
      "r1:0");
}

TEST(DeploymentPlan, APodThatCannotBeMadeIsToldInACondition) {
  auto d = deployment(1);
  auto set = made(d, 1, 0);
  apps_v1::ReplicaSetCondition failure;
  failure.type = "ReplicaFailure";
  failure.status = "True";
  failure.reason = "FailedCreate";
  set.status.conditions.push_back(failure);
  const auto p = plan(d, {shared(set)}, t0);
  EXPECT_EQ(condition(p, "ReplicaFailure"), "True FailedCreate");
  d.status = *p.status;
  set.status.conditions.clear();
  EXPECT_EQ(condition(plan(d, {shared(set)}, t0), "ReplicaFailure"), "");
}

TEST(DeploymentPlan, RollingBackUsesTheOldSetUnderANewRevision) {
  const auto first = deployment(1, "v1"), second = deployment(1, "v2");
  const auto p = plan(first, {shared(made(first, 0, 0, 1)), shared(made(second, 1, 1, 2))}, t0);
  EXPECT_FALSE(p.create);
  const auto& annotations = p.annotate.at(made(first, 0, 0).metadata.name);
  EXPECT_EQ(annotations.at(kRevision), "3");
  EXPECT_EQ(annotations.at("deployment.kubernetes.io/revision-history"), "1");
  EXPECT_EQ(p.annotate.at("").at(kRevision), "3");
}

TEST(DeploymentPlan, PausedOnlyItsSizeFollows) {
  const auto before = deployment(2);
  auto paused = deployment(4, "v2");
  paused.spec.paused = true;
  auto p = plan(paused, {shared(made(before, 2, 2))}, t0);
  EXPECT_FALSE(p.create);
  EXPECT_EQ(scaled(p), "r1:4") << "the set that has the pods";
  EXPECT_EQ(condition(p, "Progressing"), "Unknown DeploymentPaused");
  p = plan(paused, {shared(made(before, 2, 2)), shared(made(deployment(2, "v2"), 1, 1, 2))}, t0);
  EXPECT_EQ(scaled(p), "r1:3 r2:2") << "of a rollout that stands still each set takes its share";
}

TEST(DeploymentPlan, HistoryBeyondItsLimitGoesOldestFirst) {
  auto current = deployment(1, "v4");
  const auto p =
      plan(current,
           {shared(made(deployment(1, "v1"), 0, 0, 1)), shared(made(deployment(1, "v2"), 0, 0, 2)),
            shared(made(deployment(1, "v3"), 0, 0, 3)), shared(made(current, 1, 1, 4))},
           t0);
  ASSERT_EQ(p.remove.size(), 2u);
  EXPECT_EQ(p.remove[0]->metadata.annotations.at(kRevision), "1");
  EXPECT_EQ(p.remove[1]->metadata.annotations.at(kRevision), "2");
}

TEST(DeploymentPlan, AStuckRolloutIsToldAfterItsDeadline) {
  auto d = deployment(1);
  const auto set = shared(made(d, 1, 0));
  d.status = plan(d, {set}, t0).status.value();
  auto p = plan(d, {set}, t0 + 10s);
  EXPECT_EQ(p.look_again, t0 + 600s);
  p = plan(d, {set}, t0 + 600s);
  EXPECT_EQ(condition(p, "Progressing"), "False ProgressDeadlineExceeded");
  d.status = *p.status;
  EXPECT_FALSE(plan(d, {set}, t0 + 700s).status) << "told once";
  p = plan(d, {shared(made(d, 1, 1))}, t0 + 800s);
  EXPECT_EQ(condition(p, "Progressing"), "True NewReplicaSetAvailable") << "it arrived after all";
}

// A Deployment of one pod whose rollout was finished at t0.
apps_v1::Deployment finished() {
  auto d = deployment(1);
  d.status = plan(d, {shared(made(d, 1, 1))}, t0).status.value();
  return d;
}

TEST(DeploymentPlan, AFinishedRolloutStaysFinishedWhenItIsScaledOrLosesAPod) {
  auto d = finished();
  auto lost = made(d, 1, 0);
  EXPECT_EQ(condition(plan(d, {shared(lost)}, t0 + 1h), "Progressing"),
            "True NewReplicaSetAvailable");
  lost.status.replicas = 0;
  EXPECT_EQ(condition(plan(d, {shared(lost)}, t0 + 1h), "Progressing"),
            "True NewReplicaSetAvailable");
  d.spec.replicas = 3;
  d.metadata.generation = 2;
  auto set = made(d, 3, 1);
  auto p = plan(d, {shared(set)}, t0 + 1h);
  EXPECT_EQ(condition(p, "Progressing"), "True NewReplicaSetAvailable");
  EXPECT_FALSE(p.look_again) << "no deadline runs";
  d.status = *p.status;
  set.status.ready_replicas = set.status.available_replicas = 2;
  EXPECT_EQ(condition(plan(d, {shared(set)}, t0 + 2h), "Progressing"),
            "True NewReplicaSetAvailable");
}

TEST(DeploymentPlan, GoingBackToAnOlderTemplateIsARolloutAgain) {
  const auto old = made(deployment(1, "v0"), 0, 0);
  auto d = finished();
  d.spec.template_.spec.containers[0].image = "v0";
  const auto p = plan(d, {shared(old), shared(made(deployment(1), 1, 1, 2))}, t0 + 1h);
  EXPECT_EQ(condition(p, "Progressing"), "True ReplicaSetUpdated");
}

TEST(DeploymentPlan, ResumedTimeCountsAnew) {
  auto d = deployment(1);
  const auto set = shared(made(d, 1, 0));
  d.status = plan(d, {set}, t0).status.value();
  d.spec.paused = true;
  d.status = plan(d, {set}, t0 + 1s).status.value();
  d.spec.paused = false;
  auto p = plan(d, {set}, t0 + 24h);
  EXPECT_EQ(condition(p, "Progressing"), "Unknown DeploymentResumed");
  EXPECT_EQ(p.look_again, t0 + 24h + 600s);
  d.status = *p.status;
  EXPECT_EQ(condition(plan(d, {set}, t0 + 24h + 600s), "Progressing"),
            "False ProgressDeadlineExceeded");
}

TEST(DeploymentPlan, APauseHidesNoStuckRollout) {
  auto d = deployment(1);
  const auto set = shared(made(d, 1, 0));
  d.status = plan(d, {set}, t0).status.value();
  d.status = plan(d, {set}, t0 + 600s).status.value();
  d.spec.paused = true;
  EXPECT_FALSE(plan(d, {set}, t0 + 700s).status);
}

TEST(DeploymentPlan, WithoutADeadlineProgressIsNotTold) {
  auto d = finished();
  d.spec.progress_deadline_seconds = 2147483647;
  EXPECT_EQ(condition(plan(d, {shared(made(d, 1, 1))}, t0), "Progressing"), "");
}

TEST(DeploymentPlan, AReplicaSetThatCannotBeMadeIsToldInACondition) {
  auto d = deployment(1);
  const std::string message = "Failed to create new replica set \"web-x\": no";
  tell_failed_creation(d, d.status, message, t0);
  ASSERT_EQ(d.status.conditions.size(), 1u);
  EXPECT_EQ(d.status.conditions[0].type, "Progressing");
  EXPECT_EQ(d.status.conditions[0].status, "False");
  EXPECT_EQ(d.status.conditions[0].reason, "ReplicaSetCreateError");
  EXPECT_EQ(d.status.conditions[0].message, message);
  EXPECT_EQ(condition(plan(d, {}, t0), "Progressing"), "True NewReplicaSetCreated");
}

TEST(DeploymentPlan, AHashThatAnotherTemplateHasIsCounted) {
  const auto d = deployment(1, "v2");
  auto other = made(deployment(1, "v1"), 1, 1);
  other.metadata.name = plan(d, {}, t0).create->metadata.name;
  const auto p = plan(d, {shared(other)}, t0);
  EXPECT_TRUE(p.collision);
  EXPECT_FALSE(p.create);
  ASSERT_TRUE(p.status);
  EXPECT_EQ(p.status->collision_count, 1);
}

TEST(DeploymentPlan, WhatIsBeingDeletedIsLeftAlone) {
  auto d = deployment(1);
  d.metadata.deletion_timestamp = t0;
  const auto p = plan(d, {}, t0);
  EXPECT_FALSE(p.create);
  EXPECT_FALSE(p.status);
}

}  // namespace
}  // namespace nodal::master::controllers::deployment
