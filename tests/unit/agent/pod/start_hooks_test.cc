// tests/unit/agent/pod/start_hooks_test.cc — postStart hooks beside the pods' own work.
#include "agent/pod/start_hooks.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "agent/runtime/docker/runtime.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

class StartHook : public testing::Test {
 protected:
  StartHooks::Order order(const std::string& id, core_v1::LifecycleHandler hook) {
    StartHooks::Order out;
    out.key = "ns/p";
    out.pod.metadata.uid = "u";
    out.id = id;
    out.container.lifecycle = core_v1::Lifecycle{};
    out.container.lifecycle->post_start = std::move(hook);
    return out;
  }
  static core_v1::LifecycleHandler sleeping(std::int64_t seconds) {
    core_v1::LifecycleHandler out;
    out.sleep = core_v1::SleepAction{};
    out.sleep->seconds = seconds;
    return out;
  }

  docker::DockerRuntime runtime_{[] {
    docker::DockerOptions options;
    options.address = "unix:/nowhere/docker.sock";
    return options;
  }()};
  std::binary_semaphore ended_{0};
  std::string event_;
  StartHooks hooks_{runtime_,
                    [this](const core_v1::Pod&, const std::string&, client::EventType,
                           std::string_view reason, std::string_view) { event_ = reason; },
                    [this](const std::string&) { ended_.release(); }};
};

TEST_F(StartHook, IsUnderWayUntilItHasDoneItsWork) {
  hooks_.begin(order("long", sleeping(3600)));
  hooks_.begin(order("short", sleeping(0)));
  ASSERT_TRUE(ended_.try_acquire_for(10s));
  EXPECT_EQ(hooks_.under_way("u"), std::set<std::string>{"long"});
  EXPECT_TRUE(hooks_.under_way("v").empty());
  EXPECT_TRUE(hooks_.failed("u").empty());
}

TEST_F(StartHook, OfAContainerThatIsGoneIsForgottenAndTellsNothing) {
  hooks_.begin(order("a", sleeping(3600)));
  hooks_.begin(order("b", sleeping(3600)));
  hooks_.keep_only("u", {"b"});
  EXPECT_EQ(hooks_.under_way("u"), std::set<std::string>{"b"});
  hooks_.keep_only("u", {});
  EXPECT_FALSE(ended_.try_acquire_for(100ms));
}

TEST_F(StartHook, ThatFailsIsUnderWayUntilItsContainerHasEnded) {
  core_v1::LifecycleHandler exec;
  exec.exec = core_v1::ExecAction{};
  exec.exec->command = {"true"};
  hooks_.begin(order("a", exec));
  ASSERT_TRUE(ended_.try_acquire_for(10s));
  EXPECT_EQ(hooks_.failed("u"), std::set<std::string>{"a"});
  EXPECT_EQ(event_, "FailedPostStartHook");
  EXPECT_EQ(hooks_.under_way("u"), std::set<std::string>{"a"});
  hooks_.keep_only("u", {});
  EXPECT_TRUE(hooks_.under_way("u").empty());
}

}  // namespace
}  // namespace nodal::agent
