// tests/unit/agent/pod/plan_test.cc — what is done next for a pod, given what runs of it.
#include "agent/pod/plan.h"

#include <gtest/gtest.h>

#include "agent/pod/facts.h"
#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

const TimePoint t0{std::chrono::seconds(1'800'000'000)};

core_v1::Pod pod(const std::string& policy, const std::string& init = "") {
  return codec::decode<core_v1::Pod>(
             R"({"metadata":{"namespace":"ns","name":"p","uid":"u"},"spec":{"restartPolicy":")" +
             policy + R"(","initContainers":[)" + init +
             R"(],"containers":[{"name":"web","image":"i"}]}})")
      .value();
}
const std::string first = R"({"name":"first","image":"i"})";
const std::string second = R"({"name":"second","image":"i"})";
const std::string sidecar = R"({"name":"mesh","image":"i","restartPolicy":"Always"})";

SeenSandbox sandbox(std::uint32_t attempt = 0, bool ready = true) {
  SeenSandbox out;
  out.id = "sandbox" + std::to_string(attempt);
  out.attempt = attempt;
  out.ready = ready;
  return out;
}

SeenContainer seen(const std::string& name, std::uint32_t attempt, ContainerState state,
                   int crash_level = 0, std::uint32_t in_sandbox = 0) {
  SeenContainer out;
  out.id = name + std::to_string(attempt);
  out.name = name;
  out.attempt = attempt;
  out.state = state;
  out.annotations = {{kSandboxAttempt, std::to_string(in_sandbox)},
                     {kCrashLevel, std::to_string(crash_level)}};
  core_v1::Container image;
  image.image = "i";
  out.annotations[kSpecHash] = spec_hash(image);
  return out;
}
SeenContainer up(const std::string& name, std::uint32_t attempt = 0) {
  return seen(name, attempt, ContainerState::running);
}
SeenContainer down(const std::string& name, std::uint32_t attempt, int exit_code,
                   int crash_level = 0, std::uint32_t in_sandbox = 0) {
  auto out = seen(name, attempt, ContainerState::exited, crash_level, in_sandbox);
  out.exit_code = exit_code;
  out.started_at = t0 - 1s;
  out.finished_at = t0;
  return out;
}

SeenPod with(std::vector<SeenSandbox> sandboxes, std::vector<SeenContainer> containers = {}) {
  return {{"ns", "p", "u"}, std::move(sandboxes), std::move(containers)};
}

std::vector<Action> actions(const core_v1::Pod& pod, const SeenPod& seen,
                            const PodSituation& situation = {}, TimePoint now = t0) {
  return plan(pod, seen, situation, now).actions;
}
using Actions = std::vector<Action>;

TEST(PodPlan, ANewPodGetsASandboxAndThenItsContainers) {
  EXPECT_EQ(actions(pod("Always"), with({})), (Actions{CreateSandbox{0}}));
  EXPECT_EQ(actions(pod("Always"), with({sandbox()})), (Actions{StartContainer{"web", 0, 0}}));
  EXPECT_EQ(plan(pod("Always"), with({sandbox()}, {up("web")}), {}, t0), PodPlan{});
}

TEST(PodPlan, AnEphemeralContainerStartsOnceBesideTheOthers) {
  const auto debugged = [](const std::string& target) {
    auto out = pod("Always", first);
    core_v1::EphemeralContainer added;
    added.name = "debug";
    added.image = "d";
    added.target_container_name = target;
    out.spec.ephemeral_containers.push_back(added);
    return out;
  };
  const StartContainer start{"debug", 0, 0, false};
  const auto& alone = debugged("");
  EXPECT_EQ(actions(alone, with({})), (Actions{CreateSandbox{0}}));
  EXPECT_EQ(actions(alone, with({sandbox()}, {up("first")})), (Actions{start}));
  EXPECT_EQ(actions(alone, with({sandbox()}, {up("web")})), (Actions{start}));
  EXPECT_EQ(plan(alone, with({sandbox()}, {up("web"), up("debug")}), {}, t0), PodPlan{});
  EXPECT_EQ(plan(alone, with({sandbox()}, {up("web"), down("debug", 0, 1)}), {}, t0 + 1h),
            PodPlan{});
  EXPECT_EQ(
      plan(alone,
           with({sandbox(1)}, {seen("web", 1, ContainerState::running, 0, 1), down("debug", 0, 1)}),
           {}, t0 + 1h),
      PodPlan{})
      << "not in the next sandbox either";
  EXPECT_EQ(
      actions(alone, with({sandbox()}, {up("web"), seen("debug", 0, ContainerState::created)})),
      (Actions{RemoveContainer{"debug0"}}));
  // Its target has to run.
  const auto& beside = debugged("web");
  EXPECT_EQ(plan(beside, with({sandbox()}, {up("first")}), {}, t0), PodPlan{});
  EXPECT_EQ(actions(beside, with({sandbox()}, {up("web")})), (Actions{start}));
  PodSituation ending;
  ending.terminating = true;
  EXPECT_EQ(actions(alone, with({sandbox()}, {down("web", 0, 0), up("debug")}), ending),
            (Actions{KillContainer{"debug0", "debug", 30s, "Stopping container debug"}}));
}

TEST(PodPlan, ASandboxThatEndedIsReplacedUnderANewNumber) {
  EXPECT_EQ(actions(pod("Always"), with({sandbox(3, false)}, {down("web", 0, 0)})),
            (Actions{RemoveSandbox{"sandbox3"}, CreateSandbox{4}}));
  EXPECT_EQ(actions(pod("Always"), with({}, {down("web", 0, 0, 0, 7)})),
            (Actions{CreateSandbox{8}}))
      << "its containers remember the sandbox that is gone";
}

TEST(PodPlan, InitContainersRunOneAfterTheOther) {
  const auto p = pod("Always", first + "," + second);
  EXPECT_EQ(actions(p, with({sandbox()})), (Actions{StartContainer{"first", 0, 0, true}}));
  EXPECT_EQ(actions(p, with({sandbox()}, {up("first")})), Actions{});
  EXPECT_EQ(actions(p, with({sandbox()}, {down("first", 0, 0)})),
            (Actions{StartContainer{"second", 0, 0, true}}));
  EXPECT_EQ(actions(p, with({sandbox()}, {down("first", 0, 0), down("second", 0, 0)})),
            (Actions{StartContainer{"web", 0, 0}}));
}

TEST(PodPlan, AFailedInitContainerIsTriedAgainUnlessThePodIsNeverRestarted) {
  const auto seen = with({sandbox()}, {down("first", 0, 1)});
  for (const char* policy : {"Always", "OnFailure"})
    EXPECT_EQ(actions(pod(policy, first), seen), (Actions{StartContainer{"first", 1, 1, true}}));
  EXPECT_EQ(actions(pod("Never", first), seen), (Actions{RemoveSandbox{"sandbox0"}}));
  EXPECT_TRUE(plan(pod("Never", first), with({}, {down("first", 0, 1)}), {}, t0).ended);
}

TEST(PodPlan, InitContainersRunOnceForEachSandbox) {
  const auto p = pod("Always", first);
  EXPECT_EQ(actions(p, with({sandbox(1)}, {down("first", 0, 0), down("web", 0, 137)})),
            (Actions{StartContainer{"first", 1, 0, true}}))
      << "what ran was in another sandbox";
  EXPECT_EQ(actions(p, with({sandbox()}, {up("web")})), Actions{})
      << "the pod has begun: that its init container was swept away changes nothing";
}

TEST(PodPlan, SidecarsRunBeforeAndBesideTheOthers) {
  const auto p = pod("Always", sidecar + "," + first);
  EXPECT_EQ(actions(p, with({sandbox()})), (Actions{StartContainer{"mesh", 0, 0, true}}));
  PodSituation starting;
  starting.not_started = {"mesh0"};
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh")}), starting), Actions{})
      << "its startup probe has not succeeded";
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh")})),
            (Actions{StartContainer{"first", 0, 0, true}}));
  EXPECT_EQ(actions(p, with({sandbox()}, {down("mesh", 0, 0), down("first", 0, 0), up("web")})),
            (Actions{StartContainer{"mesh", 1, 1, true}}));
  EXPECT_EQ(actions(p, with({sandbox()},
                            {down("mesh", 4, 1, 4), down("first", 0, 0), down("web", 0, 1)})),
            (Actions{StartContainer{"web", 1, 1}}))
      << "a sidecar that waits out its crash does not hold up the others";
}

TEST(PodPlan, SidecarsEndAfterTheOthers) {
  const auto p = pod("Never", sidecar);
  PodSituation ending;
  ending.terminating = true;
  ending.grace = 5s;
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh"), up("web")}), ending),
            (Actions{KillContainer{"web0", "web", 5s, "Stopping container web"}}));
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh"), down("web", 0, 0)}), ending),
            (Actions{KillContainer{"mesh0", "mesh", 5s, "Stopping container mesh"}}));
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh"), down("web", 0, 0)})),
            (Actions{KillContainer{"mesh0", "mesh", 30s, "Stopping container mesh"}}))
      << "also when the pod's work is done";
}

TEST(PodPlan, SidecarsEndInReverseOrderWithWhatIsLeftOfTheGrace) {
  const auto p = pod("Always", sidecar + R"(,{"name":"log","image":"i","restartPolicy":"Always"})");
  PodSituation ending;
  ending.terminating = true;
  ending.grace = 10s;
  ending.ending_since = t0 - 4s;
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh"), up("log"), down("web", 0, 0)}), ending),
            (Actions{KillContainer{"log0", "log", 6s, "Stopping container log"}}));
  auto slow = down("log", 0, 137);
  slow.finished_at = t0 + 5s;
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh"), slow, down("web", 0, 0)}), ending),
            (Actions{KillContainer{"mesh0", "mesh", 2s, "Stopping container mesh"}}))
      << "never less than two seconds";
  ending.ending_since.reset();
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh"), slow, down("web", 0, 0)}), ending),
            (Actions{KillContainer{"mesh0", "mesh", 5s, "Stopping container mesh"}}))
      << "it began with the end of the pod's work";
}

TEST(PodPlan, WhatNeverStartedIsTakenAwayAtTheEndAndNotKilled) {
  PodSituation ending;
  ending.terminating = true;
  const auto made = seen("web", 0, ContainerState::created);
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}, {made}), ending),
            (Actions{RemoveContainer{"web0"}}));
}

TEST(PodPlan, APostStartHookHoldsUpWhatStartsAfterItsContainer) {
  auto p = pod("Always", sidecar);
  p.spec.containers.push_back(p.spec.containers[0]);
  p.spec.containers[1].name = "next";
  PodSituation hooking;
  hooking.hooking = {"web0"};
  const auto begun = with({sandbox()}, {up("mesh"), up("web")});
  EXPECT_EQ(plan(p, begun, hooking, t0), PodPlan{});
  EXPECT_EQ(actions(p, begun), (Actions{StartContainer{"next", 0, 0}}));
  hooking.hooking = {"mesh0"};
  EXPECT_EQ(plan(p, with({sandbox()}, {up("mesh")}), hooking, t0), PodPlan{});
  hooking.terminating = true;
  EXPECT_EQ(actions(p, with({sandbox()}, {up("mesh")}), hooking),
            (Actions{KillContainer{"mesh0", "mesh", 30s, "Stopping container mesh"}}))
      << "the pod's end does not wait for it";
}

TEST(PodPlan, RestartPolicyDecidesWhatAnEndMeans) {
  const auto ended = [](int code) { return with({sandbox()}, {down("web", 0, code)}); };
  const Actions again{StartContainer{"web", 1, 1}};
  const Actions over{RemoveSandbox{"sandbox0"}};
  EXPECT_EQ(actions(pod("Always"), ended(0)), again);
  EXPECT_EQ(actions(pod("Always"), ended(1)), again);
  EXPECT_EQ(actions(pod("OnFailure"), ended(0)), over);
  EXPECT_EQ(actions(pod("OnFailure"), ended(1)), again);
  EXPECT_EQ(actions(pod("Never"), ended(0)), over);
  EXPECT_EQ(actions(pod("Never"), ended(1)), over);
  EXPECT_TRUE(plan(pod("Never"), with({sandbox(0, false)}, {down("web", 0, 1)}), {}, t0).ended);
}

TEST(PodPlan, CrashesWaitTenSecondsDoublingToFiveMinutes) {
  const std::chrono::seconds waits[] = {0s, 10s, 20s, 40s, 80s, 160s, 300s, 300s};
  for (int level = 0; level < 8; ++level) {
    const auto wait = waits[level];
    EXPECT_EQ(crash_backoff(level), wait);
    const auto seen = with({sandbox()}, {down("web", 2, 1, level)});
    EXPECT_EQ(actions(pod("Always"), seen, {}, t0 + wait),
              (Actions{StartContainer{"web", 3, level + 1}}));
    if (wait == 0s) continue;
    const auto early = plan(pod("Always"), seen, {}, t0 + wait - 1s);
    EXPECT_EQ(early.actions, Actions{});
    EXPECT_EQ(early.wake_at, t0 + wait);
    EXPECT_EQ(early.backing_off, std::vector<std::string>{"web"});
  }
  EXPECT_EQ(crash_backoff(1000), 300s);
}

TEST(PodPlan, WhatHasEndedIsNotRunAgainWhenItsContainersAreGone) {
  PodSituation situation;
  situation.over = true;
  const auto gone = plan(pod("Never"), with({}), situation, t0);
  EXPECT_EQ(gone.actions, Actions{});
  EXPECT_TRUE(gone.ended);
}

TEST(PodPlan, AnotherImageClearsTheRecord) {
  auto crashed = down("web", 2, 1, 5);
  core_v1::Container before;
  before.image = "bad";
  crashed.annotations[kSpecHash] = spec_hash(before);
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}, {crashed})),
            (Actions{StartContainer{"web", 3, 0}}));
}

TEST(PodPlan, TenMinutesOfWorkClearTheRecord) {
  auto last = down("web", 5, 1, 6);
  last.started_at = t0 - 10min;
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}, {last})),
            (Actions{StartContainer{"web", 6, 1}}));
}

TEST(PodPlan, ARefusedStartIsNotTriedBeforeItsTime) {
  PodSituation refused;
  refused.not_before["web"] = t0 + 5s;
  const auto early = plan(pod("Always"), with({sandbox()}), refused, t0);
  EXPECT_EQ(early.actions, Actions{});
  EXPECT_EQ(early.wake_at, t0 + 5s);
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}), refused, t0 + 5s),
            (Actions{StartContainer{"web", 0, 0}}));
}

TEST(PodPlan, AFailedStartHookEndsItsContainerHoweverOftenItIsLookedAt) {
  PodSituation sick;
  sick.hooking = sick.failed_hooks = {"web0"};
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}, {up("web")}), sick),
            (Actions{KillContainer{"web0", "web", 30s, "FailedPostStartHook"}}));
}

TEST(PodPlan, FailedProbesAndChangedImagesEndAContainer) {
  PodSituation sick;
  sick.failed_liveness = {"web0"};
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}, {up("web")}), sick),
            (Actions{KillContainer{"web0", "web", 30s,
                                   "Container web failed liveness probe, will be restarted"}}));
  auto own = pod("Always");  // a grace of the probe's own
  own.spec.containers[0].liveness_probe = core_v1::Probe{};
  own.spec.containers[0].liveness_probe->termination_grace_period_seconds = 1;
  EXPECT_EQ(actions(own, with({sandbox()}, {up("web")}), sick),
            (Actions{KillContainer{"web0", "web", 1s,
                                   "Container web failed liveness probe, will be restarted"}}));
  EXPECT_EQ(actions(pod("Never"), with({sandbox()}, {up("web")}), sick),
            (Actions{KillContainer{"web0", "web", 30s, "Container web failed liveness probe"}}));
  auto starting = sick;
  starting.not_started = {"web0"};
  own.spec.containers[0].startup_probe = core_v1::Probe{};
  own.spec.containers[0].startup_probe->termination_grace_period_seconds = 2;
  EXPECT_EQ(actions(own, with({sandbox()}, {up("web")}), starting),
            (Actions{KillContainer{"web0", "web", 2s,
                                   "Container web failed startup probe, will be restarted"}}));
  auto changed = pod("Always");
  changed.spec.containers[0].image = "other";
  EXPECT_EQ(actions(changed, with({sandbox()}, {up("web")})),
            (Actions{KillContainer{"web0", "web", 30s,
                                   "Container web definition changed, will be restarted"}}));
}

TEST(PodPlan, EndingKillsThenTakesTheSandboxAwayThenIsOver) {
  PodSituation ending;
  ending.terminating = true;
  ending.grace = 3s;
  const auto p = pod("Always");
  EXPECT_EQ(actions(p, with({sandbox()}, {up("web")}), ending),
            (Actions{KillContainer{"web0", "web", 3s, "Stopping container web"}}));
  EXPECT_EQ(actions(p, with({sandbox()}, {down("web", 0, 0)}), ending),
            (Actions{RemoveSandbox{"sandbox0"}}))
      << "nothing is started again";
  EXPECT_EQ(actions(p, with({sandbox(0, false)}), ending), (Actions{RemoveSandbox{"sandbox0"}}));
  EXPECT_TRUE(plan(p, with({}, {down("web", 0, 0)}), ending, t0).ended);
}

TEST(PodPlan, PastItsDeadlineAPodEndsAndStays) {
  PodSituation late;
  late.past_deadline = true;
  const auto kill = actions(pod("Always"), with({sandbox()}, {up("web")}), late);
  ASSERT_EQ(kill.size(), 1u);
  EXPECT_EQ(std::get<KillContainer>(kill[0]).id, "web0");
  EXPECT_TRUE(
      plan(pod("Always"), with({sandbox(0, false)}, {down("web", 0, 137)}), late, t0).ended);
}

TEST(PodPlan, OneDeadAttemptIsKeptBehindTheNewest) {
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}, {up("web", 3), down("web", 2, 1),
                                                      down("web", 1, 1), down("web", 0, 1)})),
            (Actions{RemoveContainer{"web1"}, RemoveContainer{"web0"}}));
  EXPECT_EQ(
      actions(pod("Always", first), with({sandbox()}, {down("first", 2, 1, 2), down("first", 1, 1),
                                                       down("first", 0, 1)})),
      (Actions{RemoveContainer{"first0"}}))
      << "also while an init container waits";
}

TEST(PodPlan, AContainerThatWasMadeAndNeverStartedIsMadeAgain) {
  EXPECT_EQ(actions(pod("Always"), with({sandbox()}, {seen("web", 0, ContainerState::created)})),
            (Actions{RemoveContainer{"web0"}}));
}

}  // namespace
}  // namespace nodal::agent
