// tests/unit/base/keyed_loop_test.cc — what the only work queue promises.
#include "base/loop/keyed_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

namespace nodal {
namespace {

using namespace std::chrono_literals;

// Waits until `done` holds; false after five seconds.
template <class Done>
bool eventually(Done done) {
  for (int i = 0; i < 5000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

TEST(KeyedLoop, RunsAKeyThatIsWoken) {
  std::atomic<int> runs = 0;
  KeyedLoop loop({.name = "t"}, [&](const std::string& key) -> Result<Again> {
    EXPECT_EQ(key, "a");
    ++runs;
    return Again{};
  });
  loop.wake("a");
  EXPECT_TRUE(eventually([&] { return runs == 1 && loop.idle(); }));
}

TEST(KeyedLoop, WakesDuringARunMakeOneMoreRun) {
  std::atomic<int> runs = 0;
  std::atomic<bool> go = false;
  KeyedLoop loop({.name = "t", .threads = 4}, [&](const std::string&) -> Result<Again> {
    ++runs;
    while (!go) std::this_thread::sleep_for(1ms);
    return Again{};
  });
  loop.wake("a");
  ASSERT_TRUE(eventually([&] { return runs == 1; }));
  for (int i = 0; i < 10; ++i) loop.wake("a");
  go = true;
  EXPECT_TRUE(eventually([&] { return runs == 2 && loop.idle(); }));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(runs, 2);
}

TEST(KeyedLoop, OneKeyNeverRunsTwiceAtOnceAndDifferentKeysDo) {
  std::mutex mutex;
  std::map<std::string, int> running;
  std::atomic<int> at_once = 0, most = 0, total = 0;
  KeyedLoop loop({.name = "t", .threads = 4}, [&](const std::string& key) -> Result<Again> {
    {
      const std::lock_guard lock(mutex);
      EXPECT_EQ(++running[key], 1);
    }
    most = std::max(most.load(), ++at_once);
    std::this_thread::sleep_for(2ms);
    --at_once;
    ++total;
    const std::lock_guard lock(mutex);
    --running[key];
    return Again{};
  });
  for (int round = 0; round < 20; ++round)
    for (const char* key : {"a", "b", "c", "d", "e"}) loop.wake(key);
  EXPECT_TRUE(eventually([&] { return loop.idle() && total >= 5; }));
  EXPECT_GT(most, 1);
  EXPECT_LE(most, 4);
}

TEST(KeyedLoop, AKeyThatIsDueLaterIsNotHeldUpByOnesThatBlock) {
  std::atomic<bool> over = false;
  std::atomic<int> blocked = 0, timely = 0;
  KeyedLoop loop({.name = "test", .threads = 8}, [&](const std::string& key) -> Result<Again> {
    if (key == "timely") {
      ++timely;
      return Again{std::chrono::milliseconds(5)};
    }
    ++blocked;
    while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Again{};
  });
  loop.wake_after("timely", std::chrono::milliseconds(5));
  for (int i = 0; i < 7; ++i) {
    loop.wake_after(std::to_string(i), std::chrono::milliseconds(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while ((timely < 5 || blocked < 7) && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(blocked, 7);
  EXPECT_GE(timely, 5);
  over = true;
}

TEST(KeyedLoop, AFailureIsTriedAgainUntilItSucceeds) {
  std::atomic<int> runs = 0;
  KeyedLoop loop({.name = "t", .threads = 1, .first_backoff = 1ms, .longest_backoff = 4ms},
                 [&](const std::string&) -> Result<Again> {
                   if (++runs < 4) return fail(Errc::unavailable, "not yet");
                   return Again{};
                 });
  loop.wake("a");
  EXPECT_TRUE(eventually([&] { return runs == 4 && loop.idle(); }));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(runs, 4);
}

TEST(KeyedLoop, AWakeDoesNotWaitForTheBackoff) {
  std::atomic<int> runs = 0;
  KeyedLoop loop({.name = "t", .threads = 1, .first_backoff = 60s, .longest_backoff = 60s},
                 [&](const std::string&) -> Result<Again> {
                   if (++runs == 1) return fail(Errc::unavailable, "no");
                   return Again{};
                 });
  loop.wake("a");
  ASSERT_TRUE(eventually([&] { return runs == 1 && loop.idle(); }));
  loop.wake("a");
  EXPECT_TRUE(eventually([&] { return runs == 2; }));
}

TEST(KeyedLoop, AgainComesBackAfterItsTime) {
  std::atomic<int> runs = 0;
  KeyedLoop loop({.name = "t"}, [&](const std::string&) -> Result<Again> {
    if (++runs < 3) return Again{1ms};
    return Again{};
  });
  loop.wake("a");
  EXPECT_TRUE(eventually([&] { return runs == 3; }));
}

TEST(KeyedLoop, TheEarlierOfTwoTimesHolds) {
  std::atomic<int> runs = 0;
  KeyedLoop loop({.name = "t"}, [&](const std::string&) -> Result<Again> {
    ++runs;
    return Again{};
  });
  loop.wake_after("a", 60s);
  loop.wake_after("a", 1ms);
  loop.wake_after("a", 60s);
  EXPECT_TRUE(eventually([&] { return runs == 1; }));
}

TEST(KeyedLoop, AForgottenKeyDoesNotRun) {
  std::atomic<int> runs = 0;
  KeyedLoop loop({.name = "t"}, [&](const std::string&) -> Result<Again> {
    ++runs;
    return Again{};
  });
  loop.wake_after("a", 10ms);
  loop.forget("a");
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(runs, 0);
}

TEST(KeyedLoop, StopWaitsForTheRunUnderWayAndStartsNoOther) {
  std::atomic<int> begun = 0, ended = 0;
  KeyedLoop loop({.name = "t"}, [&](const std::string&) -> Result<Again> {
    ++begun;
    std::this_thread::sleep_for(20ms);
    ++ended;
    return Again{};
  });
  loop.wake("a");
  loop.wake("b");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  loop.stop();
  EXPECT_EQ(begun, ended);
  loop.wake("c");
  std::this_thread::sleep_for(10ms);
  EXPECT_EQ(begun, ended);
}

}  // namespace
}  // namespace nodal
