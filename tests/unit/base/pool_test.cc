// tests/unit/base/pool_test.cc — which jobs a pool takes.
#include "base/loop/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace nodal {
namespace {

// Jobs that are under way until the test lets them end.
struct Held {
  std::latch begun, over{1};
  explicit Held(int count) : begun(count) {}
  std::move_only_function<void()> job() {
    return [this] {
      begun.count_down();
      over.wait();
    };
  }
};

TEST(Pool, WithoutAQueueAJobStartsAtOnceOrIsRefused) {
  Held held(2);
  std::atomic<int> ran = 0;
  {
    Pool pool("test", 2, 0);
    EXPECT_TRUE(pool.run(held.job()));
    EXPECT_TRUE(pool.run(held.job()));
    held.begun.wait();
    EXPECT_FALSE(pool.run([&] { ++ran; }));
    held.over.count_down();
    // A thread takes a moment to be free again.
    while (!pool.run([&] { ++ran; })) std::this_thread::yield();
  }
  EXPECT_EQ(ran, 1);
}

TEST(Pool, AQueueHoldsWhatWaitsForAThread) {
  Held held(1);
  std::atomic<int> ran = 0;
  {
    Pool pool("test", 1, 2);
    EXPECT_TRUE(pool.run(held.job()));
    held.begun.wait();
    EXPECT_TRUE(pool.run([&] { ++ran; }));
    EXPECT_TRUE(pool.run([&] { ++ran; }));
    EXPECT_FALSE(pool.run([&] { ran += 10; }));
    held.over.count_down();
  }
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace nodal
