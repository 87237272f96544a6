// tests/unit/agent/probe/prober_test.cc — where a probe may go, and what becomes of its outcome.
#include "agent/probe/prober.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

TEST(ProbeAddress, IsThePodsUnlessTheProbeHasItsOwn) {
  EXPECT_EQ(probe_address("", "10.0.0.5").value(), "10.0.0.5");
  EXPECT_EQ(probe_address("192.0.2.1", "10.0.0.5").value(), "192.0.2.1");
}

TEST(ProbeAddress, TheNodesInnerAddressesAreRefused) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "169.254.169.254", "fe80::1",
                           "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "0.0.0.0", "224.0.0.1"}) {
    const auto refused = probe_address(host, "10.0.0.5");
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().code, Errc::forbidden) << host;
  }
  EXPECT_EQ(probe_address("example.com", "10.0.0.5").error().code, Errc::invalid);
}

TEST(ExecOutcome, OnlyTheCommandItselfCanFail) {
  EXPECT_TRUE(exec_outcome(ExecResult{.exit_code = 0, .output = "ok"}, 1s).success);
  const auto failed = exec_outcome(ExecResult{.exit_code = 1, .output = "no\n"}, 1s);
  EXPECT_EQ(failed, (ProbeOutcome{false, "no"}));
  const auto late = exec_outcome(fail(Errc::timed_out, ""), 3s);
  EXPECT_EQ(late, (ProbeOutcome{false, "command timed out after 3s"}));
  for (const auto code : {Errc::unavailable, Errc::not_found, Errc::internal}) {
    const auto away = exec_outcome(fail(code, "dial"), 1s);
    EXPECT_TRUE(away.unknown);
    EXPECT_FALSE(away.success);
  }
}

// A runtime that can do one thing: exec, as the test says.
class ExecOnly : public Runtime {
 public:
  std::function<Result<ExecResult>()> say;

  Result<ExecResult> exec(std::string_view, const std::vector<std::string>&,
                          std::chrono::milliseconds) override {
    return say();
  }
  Result<Version> version() override { return no(); }
  Result<std::vector<SeenPod>> list() override { return no(); }
  Result<SeenPod> inspect(const PodRef&) override { return no(); }
  Result<std::string> run_sandbox(const SandboxConfig&) override { return no(); }
  [[nodiscard]] bool maps_host_ports() const override { return false; }
  Result<> remove_sandbox(std::string_view) override { return no(); }
  Result<std::string> start_container(std::string_view, const ContainerConfig&) override {
    return no();
  }
  Result<> stop_container(std::string_view, std::chrono::seconds) override { return no(); }
  Result<> remove_container(std::string_view) override { return no(); }
  Result<ImageInfo> image(std::string_view) override { return no(); }
  Result<std::vector<ImageInfo>> images() override { return no(); }
  Result<ImageInfo> pull_image(std::string_view, std::string_view, std::stop_token) override {
    return no();
  }
  Result<std::set<std::string>> images_in_use() override { return no(); }
  Result<Disk> image_disk() override { return no(); }
  Result<> remove_image(std::string_view) override { return no(); }
  Result<std::unique_ptr<ProcessStreams>> exec_streams(std::string_view,
                                                       const std::vector<std::string>&,
                                                       const StreamOptions&) override {
    return no();
  }
  Result<std::unique_ptr<ProcessStreams>> attach(std::string_view, const StreamOptions&) override {
    return no();
  }
  Result<> logs(std::string_view, const LogOptions&, const std::function<bool(std::string_view)>&,
                std::stop_token) override {
    return no();
  }
  Result<> watch(const std::function<void(const RuntimeEvent&)>&, std::stop_token) override {
    return no();
  }
  Result<Usage> usage(std::string_view) override { return no(); }

 private:
  static std::unexpected<Error> no() { return fail(Errc::unavailable, "exec only"); }
};

class Probing : public testing::Test {
 protected:
  void watch(const std::string& id) {
    const auto pod = codec::decode<core_v1::Pod>(
                         R"({"metadata":{"uid":"u"},"spec":{"containers":[{"name":"c",
            "livenessProbe":{"exec":{"command":["x"]},"failureThreshold":1}}]}})")
                         .value();
    prober.watch(pod, pod.spec.containers[0], id, "10.0.0.5", clock.now(), false, false);
  }
  ExecOnly runtime;
  SystemClock clock;
  std::atomic<int> told = 0, unknown = 0, hanging = 0;
  std::atomic<bool> away = true, over = false;
  // Last: its threads use the others.
  Prober prober{runtime, clock, [this](const Prober::Change& change) {
                  if (!change.known) ++unknown;
                  ++told;
                }};
};

TEST_F(Probing, WhatCouldNotBeAskedKillsNothing) {
  runtime.say = [this]() -> Result<ExecResult> {
    if (away) return fail(Errc::unavailable, "dial unix docker.sock: connection refused");
    return ExecResult{.exit_code = 1, .output = ""};
  };
  watch("one");
  while (told == 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(unknown, 1);
  EXPECT_TRUE(prober.failed_of("u").empty());
  away = false;
  while (told == 1) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(prober.failed_of("u"), std::vector<std::string>{"one"}) << "what it says does count";
}

TEST_F(Probing, OnesThatHangDelayNoOthers) {
  runtime.say = [this]() -> Result<ExecResult> {
    ++hanging;
    while (!over) std::this_thread::sleep_for(1ms);
    return ExecResult{.exit_code = 0, .output = ""};
  };
  for (int i = 0; i < 40; ++i) watch(std::to_string(i));
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (hanging < 40 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(hanging, 40);
  over = true;
}

}  // namespace
}  // namespace nodal::agent
