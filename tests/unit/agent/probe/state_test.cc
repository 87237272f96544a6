// tests/unit/agent/probe/state_test.cc — rows of probe results against their thresholds.
#include "agent/probe/state.h"

#include <gtest/gtest.h>

namespace nodal::agent {
namespace {

core_v1::Probe thresholds(int success, int failure) {
  core_v1::Probe out;
  out.success_threshold = success;
  out.failure_threshold = failure;
  return out;
}

TEST(ProbeState, OnlyFailuresInARowCount) {
  const auto probe = thresholds(1, 3);
  ProbeState state(true);
  EXPECT_FALSE(state.count(false, probe));
  EXPECT_FALSE(state.count(false, probe));
  EXPECT_FALSE(state.count(true, probe)) << "good, as before";
  EXPECT_FALSE(state.count(false, probe));
  EXPECT_FALSE(state.count(false, probe));
  EXPECT_TRUE(state.good());
  EXPECT_TRUE(state.count(false, probe)) << "the third";
  EXPECT_FALSE(state.good());
  EXPECT_EQ(state.failures_in_a_row(), 3);
  EXPECT_FALSE(state.count(false, probe)) << "no news";
}

TEST(ProbeState, ReadinessBeginsUnreadyAndMayAskForSeveralSuccesses) {
  const auto probe = thresholds(2, 1);
  ProbeState state(false);
  EXPECT_FALSE(state.count(true, probe));
  EXPECT_FALSE(state.good());
  EXPECT_TRUE(state.count(true, probe));
  EXPECT_TRUE(state.good());
  EXPECT_TRUE(state.count(false, probe)) << "one failure is enough";
  EXPECT_FALSE(state.count(true, probe)) << "and the row begins anew";
  EXPECT_FALSE(state.good());
}

TEST(ProbeState, AThresholdOfNothingIsOne) {
  ProbeState state(true);
  EXPECT_TRUE(state.count(false, core_v1::Probe{}));
  EXPECT_TRUE(state.count(true, core_v1::Probe{}));
  EXPECT_EQ(state.failures_in_a_row(), 0);
}

}  // namespace
}  // namespace nodal::agent
