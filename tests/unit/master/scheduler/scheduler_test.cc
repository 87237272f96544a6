// tests/unit/master/scheduler/scheduler_test.cc — which pods the scheduler looks at, and when
// again.
#include "master/scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/unit/master/requests.h"
#include "tests/unit/master/scheduler/cluster.h"

namespace nodal::master::scheduler {
namespace {

using namespace std::chrono_literals;

class HandClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  void pass(std::chrono::seconds time) { now_ = now_.load() + time; }

 private:
  std::atomic<TimePoint> now_ = TimePoint(std::chrono::seconds(1'800'000'000));
};

struct SchedulerTest : testing::Test {
  using Pods = std::vector<std::shared_ptr<const core_v1::Pod>>;

  // What the mirror lists: a relist of the nodes wakes the scheduler as well.
  void list(const Pods& now) { pods.replace(now); }
  void wake() { nodes.replace(all_nodes); }

  const std::vector<std::shared_ptr<const core_v1::Node>> all_nodes{node("a")};
  std::shared_ptr<Requests> requests = std::make_shared<Requests>();
  std::shared_ptr<client::Client> client = std::make_shared<client::Client>(requests, "test/1");
  HandClock clock;
  client::EventRecorder events{client, "default-scheduler", ""};
  client::Mirror<core_v1::Pod> pods;
  client::Mirror<core_v1::Node> nodes;
  Scheduler scheduler{{client, events, pods, nodes, clock}};
};

std::shared_ptr<const core_v1::Pod> version(const std::shared_ptr<const core_v1::Pod>& pod,
                                            const std::string& uid, const std::string& number,
                                            const std::string& node = "") {
  auto out = *pod;
  out.metadata.uid = uid;
  out.metadata.resource_version = number;
  out.spec.node_name = node;
  return std::make_shared<const core_v1::Pod>(std::move(out));
}

TEST_F(SchedulerTest, APodIsBoundOnce) {
  wake();
  list({version(pod("p"), "u", "1")});
  EXPECT_EQ(requests->count("POST /api/v1/namespaces/ns/pods/p/binding", R"("uid":"u")", 1), 1u);
  list({version(pod("p"), "u", "2", "a")});
  wake();
  EXPECT_EQ(requests->count("POST /api/v1/namespaces/ns/pods/p/binding", "", 1), 1u);
}

TEST_F(SchedulerTest, APodUnderTheNameOfOneThatWentWhileNobodyLookedIsBoundToo) {
  wake();
  list({version(pod("p"), "old", "1", "a")});
  list({version(pod("p"), "new", "2")});
  EXPECT_EQ(requests->count("POST /api/v1/namespaces/ns/pods/p/binding", R"("uid":"new")", 1), 1u);
}

TEST_F(SchedulerTest, APodThatFitsNowhereIsTriedAgainAfterFiveMinutes) {
  wake();
  list({asking("p", R"({"cpu":"5"})")});
  EXPECT_EQ(requests->count("POST /api/v1/namespaces/ns/events", "Insufficient cpu", 1), 1u);
  EXPECT_EQ(requests->count("PATCH /api/v1/namespaces/ns/pods/p/status", "Unschedulable", 1), 1u);
  clock.pass(299s);
  wake();
  clock.pass(1s);
  wake();
  EXPECT_EQ(requests->count("PATCH /api/v1/namespaces/ns/events", R"("count":2)", 1), 1u)
      << "the event is told again";
  EXPECT_EQ(requests->count("PATCH /api/v1/namespaces/ns/events", "", 1), 1u);
}

TEST_F(SchedulerTest, AnotherNodeIsReasonEnough) {
  wake();
  list({asking("p", R"({"cpu":"5"})")});
  EXPECT_EQ(requests->count("POST /api/v1/namespaces/ns/events", "Insufficient cpu", 1), 1u);
  clock.pass(10s);
  nodes.replace({node("a"), node("b", "{}", "{}", R"({"cpu":"8","memory":"8Gi","pods":"110"})")});
  EXPECT_EQ(requests->count("POST /api/v1/namespaces/ns/pods/p/binding", R"("name":"b")", 1), 1u);
}

}  // namespace
}  // namespace nodal::master::scheduler
