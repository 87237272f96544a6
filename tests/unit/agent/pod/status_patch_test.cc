// tests/unit/agent/pod/status_patch_test.cc — only what changed is written of a pod's status.
#include "agent/pod/status_patch.h"

#include <gtest/gtest.h>

#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

core_v1::Pod pod(const std::string& status) {
  return codec::decode<core_v1::Pod>(
             R"({"metadata":{"name":"p"},"spec":{"readinessGates":[{"conditionType":"x/ok"}]},"status":{)" +
             status + "}}")
      .value();
}
const std::string ready = R"({"type":"Ready","status":"True"})";
const std::string unready = R"({"type":"Ready","status":"False"})";
const std::string gate = R"(,{"type":"x/ok","status":"True"})";

TEST(StatusPatch, ConditionsThatDidNotChangeAreNotWritten) {
  const auto before = pod(R"("conditions":[)" + unready + gate + "]");
  EXPECT_EQ(status_patch(before, before).value(), "{}");
  EXPECT_EQ(status_patch(before, pod(R"("conditions":[)" + ready + gate + "]")).value(),
            R"({"status":{"conditions":[{"type":"Ready","status":"True"}]}})");
}

TEST(StatusPatch, NewAddressesReplaceTheOldOnes) {
  EXPECT_EQ(
      status_patch(pod(R"("podIPs":[{"ip":"10.0.0.1"}])"), pod(R"("podIPs":[{"ip":"10.0.0.2"}])"))
          .value(),
      R"({"status":{"podIPs":[{"$patch":"replace"},{"ip":"10.0.0.2"}]}})");
}

TEST(StatusPatch, WhatOthersAddTakesNothingAwayOfWhatWasTold) {
  const auto told = pod(R"("phase":"Running","conditions":[)" + ready + "]").status;
  EXPECT_TRUE(still_tells(told, told));
  EXPECT_TRUE(
      still_tells(pod(R"("phase":"Running","conditions":[)" + ready + gate + "]").status, told));
  EXPECT_FALSE(
      still_tells(pod(R"("phase":"Running","conditions":[)" + unready + "]").status, told));
  EXPECT_FALSE(still_tells(pod(R"("phase":"Failed","conditions":[)" + ready + "]").status, told));
  auto fraction = told;
  fraction.start_time = TimePoint(std::chrono::microseconds(1'800'000'000'000'001));
  auto stored = told;
  stored.start_time = TimePoint(std::chrono::seconds(1'800'000'000));
  EXPECT_TRUE(still_tells(stored, fraction)) << "the API keeps whole seconds";
}

TEST(StatusPatch, OnlyConditionsOfReadinessGatesAreWork) {
  const auto before = pod(R"("conditions":[)" + unready + "]");
  EXPECT_TRUE(same_gates(before, pod(R"("conditions":[)" + ready + "]")));
  EXPECT_FALSE(same_gates(before, pod(R"("conditions":[)" + unready + gate + "]")));
}

}  // namespace
}  // namespace nodal::agent
