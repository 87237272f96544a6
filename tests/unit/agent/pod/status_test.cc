// tests/unit/agent/pod/status_test.cc — what is reported of a pod: phases, reasons, conditions.
#include "agent/pod/status.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/pod/facts.h"
#include "agent/pod/recall.h"
#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

const TimePoint t0{std::chrono::seconds(1'800'000'000)};

core_v1::Pod pod(const std::string& policy = "Always", const std::string& init = "",
                 const std::string& more = "") {
  return codec::decode<core_v1::Pod>(
             R"({"metadata":{"namespace":"ns","name":"p","uid":"u"},"spec":{"restartPolicy":")" +
             policy + R"(","initContainers":[)" + init +
             R"(],"containers":[{"name":"web","image":"i"})" + more + "]}}")
      .value();
}
const std::string first = R"({"name":"first","image":"i"})";
const std::string sidecar = R"({"name":"mesh","image":"i","restartPolicy":"Always"})";
const std::string other = R"(,{"name":"other","image":"i"})";

SeenSandbox sandbox() {
  SeenSandbox out;
  out.id = "s";
  out.ready = true;
  out.ips = {"10.244.0.5", "fd00::5"};
  return out;
}

SeenContainer up(const std::string& name, std::uint32_t attempt = 0) {
  SeenContainer out;
  out.id = name + std::to_string(attempt);
  out.name = name;
  out.attempt = attempt;
  out.state = ContainerState::running;
  out.image = "i:latest";
  out.image_id = "i@sha256:0";
  out.created_at = t0 - 2s;
  out.started_at = t0 - 1s;
  return out;
}
SeenContainer down(const std::string& name, std::uint32_t attempt, int exit_code,
                   int crash_level = 0, bool init = false) {
  auto out = up(name, attempt);
  out.state = ContainerState::exited;
  out.exit_code = exit_code;
  out.finished_at = t0;
  out.annotations = {{kCrashLevel, std::to_string(crash_level)}, {kInit, init ? "true" : "false"}};
  return out;
}

core_v1::PodStatus report(const core_v1::Pod& pod, std::vector<SeenContainer> containers,
                          StatusInputs inputs = {}, TimePoint now = t0) {
  inputs.node_ip = "192.0.2.1";
  return status(pod, recalled(pod, {{"ns", "p", "u"}, {sandbox()}, std::move(containers)}), inputs,
                now);
}
// As above, when the ends have been told.
core_v1::PodStatus report_again(core_v1::Pod pod, const std::vector<SeenContainer>& containers,
                                TimePoint now = t0) {
  pod.status = report(pod, containers, {}, now);
  return report(pod, containers, {}, now);
}

std::string waiting(const core_v1::ContainerStatus& status) {
  return status.state.waiting ? status.state.waiting->reason : "";
}
std::string ended(const core_v1::ContainerState& state) {
  return state.terminated ? state.terminated->reason : "";
}
// "True", or "False: reason".
std::string condition(const core_v1::PodStatus& status, const char* type) {
  const auto it = std::ranges::find(status.conditions, type, &core_v1::PodCondition::type);
  if (it == status.conditions.end()) return "";
  return it->reason.empty() ? it->status : it->status + ": " + it->reason;
}

TEST(PodStatus, BeforeAnythingRunsAPodIsPending) {
  const auto s = status(pod(), {{"ns", "p", "u"}, {}, {}}, {}, t0);
  EXPECT_EQ(s.phase, "Pending");
  EXPECT_EQ(s.start_time, t0);
  EXPECT_EQ(waiting(s.container_statuses[0]), "ContainerCreating");
  EXPECT_EQ(s.container_statuses[0].started, false);
  EXPECT_EQ(condition(s, "PodReadyToStartContainers"), "False");
  EXPECT_EQ(condition(s, "PodScheduled"), "True");
  EXPECT_EQ(condition(s, "Initialized"), "True");
  EXPECT_EQ(condition(s, "Ready"), "False: ContainersNotReady");
  EXPECT_EQ(condition(s, "ContainersReady"), "False: ContainersNotReady");
}

TEST(PodStatus, AContainersLastWordsFollowWhatTheRuntimeSays) {
  StatusInputs inputs;
  inputs.messages = {{"web0", "out of cheese"}, {"web1", "again"}};
  auto last = down("web", 1, 3);
  last.message = "runtime";
  const auto s = report(pod("Never"), {last, down("web", 0, 2)}, inputs);
  ASSERT_TRUE(s.container_statuses[0].state.terminated);
  EXPECT_EQ(s.container_statuses[0].state.terminated->message, "runtime: again");
  ASSERT_TRUE(s.container_statuses[0].last_state.terminated);
  EXPECT_EQ(s.container_statuses[0].last_state.terminated->message, "out of cheese");
}

TEST(PodStatus, ARunningPodIsReadyAndHasItsAddresses) {
  const auto s = report(pod(), {up("web", 2)});
  EXPECT_EQ(s.phase, "Running");
  EXPECT_EQ(s.pod_ip, "10.244.0.5");
  ASSERT_EQ(s.pod_ips.size(), 2u);
  EXPECT_EQ(s.pod_ips[1].ip, "fd00::5");
  EXPECT_EQ(s.host_ip, "192.0.2.1");
  const auto& web = s.container_statuses[0];
  ASSERT_TRUE(web.state.running);
  EXPECT_EQ(web.state.running->started_at, t0 - 1s);
  EXPECT_TRUE(web.ready);
  EXPECT_EQ(web.started, true);
  EXPECT_EQ(web.restart_count, 2);
  EXPECT_EQ(web.container_id, "docker://web2");
  EXPECT_EQ(web.image, "i:latest");
  EXPECT_EQ(web.image_id, "i@sha256:0");
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodReadyToStartContainers"})
    EXPECT_EQ(condition(s, type), "True") << type;
}

TEST(PodStatus, ADeadlineIsNothingToAPodThatHasEnded) {
  auto p = pod("Never");
  EXPECT_FALSE(has_ended_itself(p));
  p.status.phase = "Succeeded";
  EXPECT_TRUE(has_ended_itself(p));
  p.status.phase = "Failed";
  EXPECT_TRUE(has_ended_itself(p));
  p.status.reason = kDeadlineExceeded;
  EXPECT_FALSE(has_ended_itself(p)) << "its containers may still be ending";
}

TEST(PodStatus, APodThatHasEndedStaysSo) {
  auto p = pod("Never");
  p.status.phase = "Failed";
  p.status.reason = "SysctlForbidden";
  EXPECT_EQ(report(p, {}).phase, "Failed");
}

TEST(PodStatus, TheEndOfAContainerIsStillToldWhenItIsGone) {
  auto p = pod("Never");
  p.status = report(p, {down("web", 1, 3)});
  EXPECT_EQ(p.status.phase, "Failed");
  const auto gone = report(p, {}).container_statuses[0];
  ASSERT_TRUE(gone.state.terminated);
  EXPECT_EQ(gone.state.terminated->exit_code, 3);
  EXPECT_EQ(gone.restart_count, 1);

  auto ending = pod();
  ending.metadata.deletion_timestamp = t0;
  ending.status = report(ending, {down("web", 0, 0)});
  EXPECT_TRUE(report(ending, {}).container_statuses[0].state.terminated)
      << "finalizers keep the pod";
}

TEST(PodStatus, AContainerThatIsLostIsCountedOn) {
  auto p = pod("Always", first);
  const auto done = down("first", 0, 0, 0, true);
  p.status = report(p, {done, down("web", 3, 2, 3), down("web", 2, 1, 2)});
  p.status = report(p, {done, down("web", 3, 2, 3), down("web", 2, 1, 2)});
  const auto s = report(p, {});
  EXPECT_EQ(s, p.status) << "swept away while it waits";
  EXPECT_EQ(waiting(s.container_statuses[0]), "CrashLoopBackOff");
  p.status = s;
  const auto again = report(p, {up("web", 4)}).container_statuses[0];
  EXPECT_EQ(again.restart_count, 4);
  ASSERT_TRUE(again.last_state.terminated);
  EXPECT_EQ(again.last_state.terminated->container_id, "docker://web3");
}

TEST(PodStatus, AContainerThatIsLostWhileItRanHasEndedNobodyKnowsHow) {
  auto p = pod();
  p.status = report(p, {up("web", 2)});
  const auto s = report(p, {});
  EXPECT_EQ(ended(s.container_statuses[0].state), "ContainerStatusUnknown");
  EXPECT_EQ(s.container_statuses[0].state.terminated->exit_code, 137);
  EXPECT_EQ(s.container_statuses[0].restart_count, 2);
  EXPECT_EQ(condition(s, "Ready"), "False: ContainersNotReady");

  const auto seen = recalled(p, {{"ns", "p", "u"}, {sandbox()}, {}});
  EXPECT_EQ(plan(p, seen, {}, t0).actions,
            (std::vector<Action>{StartContainer{"web", 3, 1, false}}))
      << "at once: nobody saw it crash";
}

TEST(PodStatus, AnInitContainerThatIsLostRanInTheSandboxOfItsTime) {
  auto p = pod("Always", first);
  p.status = report(p, {down("first", 0, 0, 0, true)});
  auto now = sandbox();
  const auto next = [&] {
    return std::get<StartContainer>(
               plan(p, recalled(p, {{"ns", "p", "u"}, {now}, {}}), {}, t0).actions.at(0))
        .name;
  };
  EXPECT_EQ(next(), "web");
  now.created_at = t0 + 1s;
  EXPECT_EQ(next(), "first");
}

TEST(PodStatus, AnEndIsToldBeforeTheWaitForTheNextStart) {
  auto p = pod("Always", first);
  const std::vector<SeenContainer> crashed = {down("first", 0, 0, 0, true), down("web", 1, 1, 1)};
  const SeenPod seen = {{"ns", "p", "u"}, {sandbox()}, crashed};
  EXPECT_TRUE(has_untold_end(p, seen));
  p.status = report(p, crashed);
  EXPECT_EQ(ended(p.status.container_statuses[0].state), "Error");
  EXPECT_EQ(condition(p.status, "Ready"), "False: ContainersNotReady");
  EXPECT_FALSE(has_untold_end(p, seen));
  p.status = report(p, crashed);
  EXPECT_EQ(waiting(p.status.container_statuses[0]), "CrashLoopBackOff");
  EXPECT_FALSE(has_untold_end(p, seen));

  const std::vector<SeenContainer> init = {down("first", 1, 1, 1, true)};
  p.status = report(p, init);
  EXPECT_EQ(ended(p.status.init_container_statuses[0].state), "Error");
  EXPECT_EQ(waiting(report(p, init).init_container_statuses[0]), "CrashLoopBackOff");
}

TEST(PodStatus, ThePreviousLogIsThatOfTheLastState) {
  auto p = pod();
  const SeenPod seen = {
      {"ns", "p", "u"}, {sandbox()}, {down("web", 2, 1, 2), down("web", 1, 1, 1)}};
  p.status = report(p, seen.containers);
  EXPECT_EQ(last_ended(p.status, seen, "web")->id, "web1");
  p.status = report(p, seen.containers);
  EXPECT_EQ(last_ended(p.status, seen, "web")->id, "web2") << "it waits to be started again";
  EXPECT_EQ(last_ended({}, seen, "web")->id, "web1");
  EXPECT_EQ(last_ended({}, {}, "web"), nullptr);
}

TEST(PodStatus, AContainerWaitsForItsPostStartHook) {
  StatusInputs inputs;
  inputs.hooking = {"web0"};
  auto s = report(pod(), {up("web")}, inputs);
  EXPECT_EQ(waiting(s.container_statuses[0]), "ContainerCreating");
  EXPECT_EQ(s.phase, "Pending");
  EXPECT_EQ(condition(s, "Ready"), "False: ContainersNotReady");
  inputs.hooking = {"web1"};
  s = report(pod(), {up("web", 1), down("web", 0, 1)}, inputs);
  EXPECT_EQ(s.phase, "Running") << "it has run before";
  EXPECT_EQ(condition(s, "Ready"), "False: ContainersNotReady");
}

TEST(PodStatus, NoPodHasEndedWhileSomethingOfItRuns) {
  const auto p = pod("Never", sidecar);
  EXPECT_EQ(report(p, {up("mesh"), down("web", 0, 0)}).phase, "Running");
  EXPECT_EQ(report(p, {down("mesh", 0, 0), down("web", 0, 0)}).phase, "Succeeded");
}

TEST(PodStatus, InitContainersHoldThePodInPending) {
  const auto p = pod("Always", first);
  auto s = report(p, {});
  EXPECT_EQ(s.phase, "Pending");
  EXPECT_EQ(waiting(s.init_container_statuses[0]), "PodInitializing");
  EXPECT_EQ(waiting(s.container_statuses[0]), "PodInitializing");
  EXPECT_EQ(condition(s, "Initialized"), "False: ContainersNotInitialized");

  s = report(p, {up("first")});
  EXPECT_TRUE(s.init_container_statuses[0].state.running);
  EXPECT_FALSE(s.init_container_statuses[0].ready);
  EXPECT_EQ(s.phase, "Pending");

  s = report(p, {down("first", 0, 0, 0, true)});
  EXPECT_EQ(ended(s.init_container_statuses[0].state), "Completed");
  EXPECT_TRUE(s.init_container_statuses[0].ready);
  EXPECT_EQ(waiting(s.container_statuses[0]), "PodInitializing");
  EXPECT_EQ(condition(s, "Initialized"), "True");
  EXPECT_EQ(s.phase, "Pending");
}

TEST(PodStatus, AFailedInitContainerBacksOffOrFailsThePod) {
  auto s = report_again(pod("Always", first), {down("first", 1, 1, 1, true)});
  EXPECT_EQ(waiting(s.init_container_statuses[0]), "CrashLoopBackOff");
  EXPECT_EQ(ended(s.init_container_statuses[0].last_state), "Error");
  EXPECT_EQ(s.phase, "Pending");

  s = report(pod("Never", first), {down("first", 0, 1, 0, true)});
  EXPECT_EQ(ended(s.init_container_statuses[0].state), "Error");
  EXPECT_EQ(s.phase, "Failed");
  EXPECT_EQ(condition(s, "Ready"), "False: PodFailed");
}

TEST(PodStatus, SidecarsAreInitContainersThatCountForReadiness) {
  const auto p = pod("Always", sidecar);
  StatusInputs starting;
  starting.started["mesh0"] = false;
  auto s = report(p, {up("mesh")}, starting);
  EXPECT_EQ(condition(s, "Initialized"), "False: ContainersNotInitialized");
  EXPECT_EQ(s.phase, "Pending");

  StatusInputs unready;
  unready.ready["mesh0"] = false;
  s = report(p, {up("mesh"), up("web")}, unready);
  EXPECT_EQ(s.phase, "Running");
  EXPECT_EQ(condition(s, "Initialized"), "True");
  EXPECT_EQ(condition(s, "Ready"), "False: ContainersNotReady");

  EXPECT_EQ(condition(report(p, {up("mesh"), up("web")}), "Ready"), "True");
}

TEST(PodStatus, ACrashingContainerBacksOffAndSaysWhy) {
  const auto s = report_again(pod(), {down("web", 3, 2, 3), down("web", 2, 1, 2)});
  const auto& web = s.container_statuses[0];
  EXPECT_EQ(waiting(web), "CrashLoopBackOff");
  EXPECT_EQ(web.state.waiting->message, "back-off 40s restarting failed container=web pod=p_ns(u)");
  EXPECT_EQ(ended(web.last_state), "Error");
  EXPECT_EQ(web.last_state.terminated->exit_code, 2);
  EXPECT_EQ(web.restart_count, 3);
  EXPECT_EQ(s.phase, "Running") << "between two attempts";
  EXPECT_EQ(condition(s, "Ready"), "False: ContainersNotReady");

  EXPECT_EQ(
      report_again(pod(), {down("web", 9, 2, 9)}).container_statuses[0].state.waiting->message,
      "back-off 5m0s restarting failed container=web pod=p_ns(u)");
}

TEST(PodStatus, AfterARestartTheEndBeforeIsTheLastState) {
  const auto s = report(pod(), {up("web", 1), down("web", 0, 3)});
  EXPECT_TRUE(s.container_statuses[0].state.running);
  ASSERT_TRUE(s.container_statuses[0].last_state.terminated);
  EXPECT_EQ(s.container_statuses[0].last_state.terminated->exit_code, 3);
  EXPECT_EQ(s.container_statuses[0].last_state.terminated->container_id, "docker://web0");
}

TEST(PodStatus, EndsAreCompletedErrorOrOutOfMemory) {
  const auto reason = [](SeenContainer container) {
    return ended(report(pod("Never"), {std::move(container)}).container_statuses[0].state);
  };
  EXPECT_EQ(reason(down("web", 0, 0)), "Completed");
  EXPECT_EQ(reason(down("web", 0, 1)), "Error");
  auto killed = down("web", 0, 137);
  killed.oom_killed = true;
  EXPECT_EQ(reason(killed), "OOMKilled");
  auto unstartable = down("web", 0, 127);
  unstartable.started_at = unstartable.created_at;
  unstartable.message = "no such file";
  EXPECT_EQ(reason(unstartable), "ContainerCannotRun");
}

TEST(PodStatus, PhasesOfPodsWhoseContainersHaveEnded) {
  const auto phase = [](const char* policy, int code) {
    return report(pod(policy), {down("web", 0, code)}).phase;
  };
  EXPECT_EQ(phase("Never", 0), "Succeeded");
  EXPECT_EQ(phase("Never", 1), "Failed");
  EXPECT_EQ(phase("OnFailure", 0), "Succeeded");
  EXPECT_EQ(phase("OnFailure", 1), "Running");
  EXPECT_EQ(phase("Always", 0), "Running");
  auto deleted = pod("Always");
  deleted.metadata.deletion_timestamp = t0;
  EXPECT_EQ(report(deleted, {down("web", 0, 0)}).phase, "Succeeded");
  EXPECT_EQ(report(deleted, {down("web", 0, 137)}).phase, "Failed");
}

TEST(PodStatus, OneContainerThatNeverStartedKeepsThePodPending) {
  StatusInputs inputs;
  inputs.obstacles["other"] = {"ImagePullBackOff", "no"};
  const auto s = report(pod("Always", "", other), {up("web")}, inputs);
  EXPECT_EQ(s.phase, "Pending");
  EXPECT_EQ(waiting(s.container_statuses[1]), "ImagePullBackOff");
}

TEST(PodStatus, ACompletedPodIsNotReadyAndSaysSo) {
  const auto s = report(pod("Never"), {down("web", 0, 0)});
  EXPECT_EQ(condition(s, "Ready"), "False: PodCompleted");
  EXPECT_EQ(condition(s, "ContainersReady"), "False: PodCompleted");
  EXPECT_EQ(condition(s, "Initialized"), "True: PodCompleted");
}

TEST(PodStatus, WhatHindersAStartIsTheReasonForWaiting) {
  for (const char* reason :
       {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "CreateContainerConfigError"}) {
    StatusInputs inputs;
    inputs.obstacles["web"] = {reason, "because"};
    const auto s = report(pod(), {}, inputs);
    EXPECT_EQ(waiting(s.container_statuses[0]), reason);
    EXPECT_EQ(s.container_statuses[0].state.waiting->message, "because");
    EXPECT_EQ(s.phase, "Pending");
  }
}

TEST(PodStatus, ProbesDecideStartedAndReady) {
  StatusInputs inputs;
  inputs.started["web0"] = false;
  inputs.ready["web0"] = true;
  auto s = report(pod(), {up("web")}, inputs);
  EXPECT_EQ(s.container_statuses[0].started, false);
  EXPECT_FALSE(s.container_statuses[0].ready) << "not before it has started";
  inputs.started["web0"] = true;
  EXPECT_TRUE(report(pod(), {up("web")}, inputs).container_statuses[0].ready);
  inputs.ready["web0"] = false;
  s = report(pod(), {up("web")}, inputs);
  EXPECT_FALSE(s.container_statuses[0].ready);
  EXPECT_EQ(condition(s, "Ready"), "False: ContainersNotReady");
}

TEST(PodStatus, ReadinessGatesAreOtherPeoplesConditions) {
  auto p = pod();
  p.spec.readiness_gates.emplace_back().condition_type = "example.org/lb";
  auto s = report(p, {up("web")});
  EXPECT_EQ(condition(s, "Ready"), "False: ReadinessGatesNotReady");
  EXPECT_EQ(condition(s, "ContainersReady"), "True");
  auto& gate = p.status.conditions.emplace_back();
  gate.type = "example.org/lb";
  gate.status = "True";
  s = report(p, {up("web")});
  EXPECT_EQ(condition(s, "Ready"), "True");
  EXPECT_EQ(condition(s, "example.org/lb"), "True") << "it stays";
}

TEST(PodStatus, AConditionsTimeIsThatOfItsChange) {
  auto p = pod();
  p.status = report(p, {up("web")});
  p.status = report(p, {up("web")}, {}, t0 + 60s);
  const auto ready = [&] {
    return std::ranges::find(p.status.conditions, "Ready", &core_v1::PodCondition::type)
        ->last_transition_time;
  };
  EXPECT_EQ(ready(), t0);
  StatusInputs unready;
  unready.ready["web0"] = false;
  p.status = report(p, {up("web")}, unready, t0 + 90s);
  EXPECT_EQ(ready(), t0 + 90s);
  EXPECT_EQ(p.status.start_time, t0);
}

TEST(PodStatus, AnEphemeralContainerCountsForNothing) {
  auto p = pod();
  core_v1::EphemeralContainer added;
  added.name = "debug";
  added.image = "d";
  p.spec.ephemeral_containers.push_back(added);
  auto s = report(p, {up("web")});
  EXPECT_EQ(s.phase, "Running");
  EXPECT_EQ(condition(s, "Ready"), "True");
  ASSERT_EQ(s.ephemeral_container_statuses.size(), 1u);
  EXPECT_EQ(s.ephemeral_container_statuses[0].state.waiting->reason, "ContainerCreating");
  s = report(p, {up("web"), up("debug")});
  EXPECT_TRUE(s.ephemeral_container_statuses[0].state.running);
  EXPECT_FALSE(s.ephemeral_container_statuses[0].ready);
  s = report(p, {up("web"), down("debug", 0, 3)});
  EXPECT_EQ(s.ephemeral_container_statuses[0].state.terminated->exit_code, 3)
      << "no back-off: it is not started again";
  EXPECT_EQ(s.phase, "Running");
  EXPECT_EQ(condition(s, "Ready"), "True");
}

TEST(PodStatus, PastItsDeadlineAPodHasFailed) {
  StatusInputs late;
  late.past_deadline = true;
  auto s = report(pod(), {up("web")}, late);
  EXPECT_EQ(s.phase, "Running") << "not before its containers have ended";
  EXPECT_EQ(s.reason, "");
  s = report(pod(), {down("web", 0, 137)}, late);
  EXPECT_EQ(s.phase, "Failed");
  EXPECT_EQ(s.reason, "DeadlineExceeded");
  EXPECT_TRUE(s.container_statuses[0].state.terminated) << "no back-off: it is not started again";
}

TEST(PodStatus, APodOnTheHostsNetworkHasTheNodesAddress) {
  auto on_host = sandbox();
  on_host.host_network = true;
  on_host.ips.clear();
  StatusInputs inputs;
  inputs.node_ip = "192.0.2.1";
  const auto s = status(pod(), {{"ns", "p", "u"}, {on_host}, {up("web")}}, inputs, t0);
  EXPECT_EQ(s.pod_ip, "192.0.2.1");
}

}  // namespace
}  // namespace nodal::agent
