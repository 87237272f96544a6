// tests/unit/master/controllers/unseen_test.cc — own writes that the mirror does not show yet.
#include "master/controllers/unseen.h"

#include <gtest/gtest.h>

#include <set>

namespace nodal::master::controllers {
namespace {

using namespace std::chrono_literals;

const TimePoint t0{std::chrono::seconds(1'800'000'000)};

struct Unseens : testing::Test {
  Unseen unseen;
  std::set<std::string> mirror;  // keys
  bool waits(const std::string& owner, TimePoint now = t0) {
    return unseen.is_waiting(
        owner,
        [&](const std::string& object, const std::string&) { return mirror.contains(object); },
        now);
  }
};

TEST_F(Unseens, AnOwnerWaitsUntilTheMirrorHasAllItWrote) {
  EXPECT_FALSE(waits("ns/a"));
  unseen.add("ns/a", "u1", "ns/a-1", t0);
  unseen.add("ns/a", "u2", "ns/a-2", t0);
  EXPECT_TRUE(waits("ns/a"));
  EXPECT_FALSE(waits("ns/b")) << "another's work";
  mirror = {"ns/a-1"};
  EXPECT_TRUE(waits("ns/a"));
  mirror = {"ns/a-2"};
  EXPECT_FALSE(waits("ns/a")) << "what was seen once stays seen";
}

TEST_F(Unseens, WhatTheMirrorHasLostIsNotWaitedFor) {
  unseen.add("ns/a", "u1", "ns/a-1", t0);
  unseen.gone("another");
  EXPECT_TRUE(waits("ns/a"));
  unseen.gone("u1");
  EXPECT_FALSE(waits("ns/a"));
}

TEST_F(Unseens, NothingIsWaitedForForEver) {
  unseen.add("ns/a", "u1", "ns/a-1", t0);
  EXPECT_TRUE(waits("ns/a", t0 + Unseen::kLongest - 1s));
  EXPECT_FALSE(waits("ns/a", t0 + Unseen::kLongest));
  EXPECT_FALSE(waits("ns/a", t0)) << "it is forgotten";
}

TEST_F(Unseens, AnOwnerThatIsGoneIsForgotten) {
  unseen.add("ns/a", "u1", "ns/a-1", t0);
  unseen.forget("ns/a");
  EXPECT_FALSE(waits("ns/a"));
}

}  // namespace
}  // namespace nodal::master::controllers
