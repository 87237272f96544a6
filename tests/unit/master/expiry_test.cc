// tests/unit/master/expiry_test.cc — what nobody writes for an hour goes; what is renewed stays.
#include "master/store/expiry.h"

#include <gtest/gtest.h>

#include "master/store/memory_kv.h"

namespace nodal::master {
namespace {

using namespace std::chrono_literals;

class ExpiryTest : public testing::Test {
 protected:
  void put(const std::string& key) {
    ASSERT_TRUE(kv_.put(
        key, [](Revision) { return "x"; }, Expect::any()));
  }
  std::size_t run(std::chrono::minutes at) { return expiry_.run(start_ + at).value(); }

  MemoryKv kv_;
  Expiry expiry_{kv_, "core/events/", 1h};
  const TimePoint start_{std::chrono::seconds(1'800'000'000)};
};

TEST_F(ExpiryTest, WhatIsOldGoes) {
  put("core/events/default/a");
  put("core/pods/default/a");
  EXPECT_EQ(run(0min), 0u);
  put("core/events/default/b");
  EXPECT_EQ(run(30min), 0u);
  EXPECT_EQ(run(59min), 0u);
  EXPECT_EQ(run(60min), 1u) << "a was there at the first look";
  EXPECT_FALSE(kv_.get("core/events/default/a"));
  EXPECT_TRUE(kv_.get("core/events/default/b"));
  EXPECT_EQ(run(89min), 0u);
  EXPECT_EQ(run(90min), 1u);
  EXPECT_TRUE(kv_.get("core/pods/default/a")) << "another prefix";
}

TEST_F(ExpiryTest, AWriteRenews) {
  put("core/events/default/a");
  run(0min);
  put("core/events/default/a");
  EXPECT_EQ(run(60min), 0u);
  EXPECT_EQ(run(119min), 0u);
  EXPECT_EQ(run(120min), 1u);
}

TEST_F(ExpiryTest, ThousandsGoPageByPage) {
  for (int i = 0; i < 1234; ++i) put("core/events/default/" + std::to_string(i));
  run(0min);
  put("core/events/default/7");
  EXPECT_EQ(run(61min), 1233u);
  EXPECT_TRUE(kv_.get("core/events/default/7"));
}

TEST_F(ExpiryTest, AfterALongSilenceOnlyWhatIsKnownToBeOldGoes) {
  put("core/events/default/a");
  run(0min);
  put("core/events/default/b");
  EXPECT_EQ(run(300min), 1u) << "b may be a minute old";
  EXPECT_TRUE(kv_.get("core/events/default/b"));
}

}  // namespace
}  // namespace nodal::master
