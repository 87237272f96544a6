// tests/unit/agent/serve/target_test.cc — what a request to the agent is about, and why not.
#include "agent/serve/target.h"

#include <gtest/gtest.h>

#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

core_v1::Pod waiting(const std::string& statuses) {
  return codec::decode<core_v1::Pod>(R"({"metadata":{"name":"p"},"status":{)" + statuses + "}}")
      .value();
}
std::string for_reason(const std::string& reason) {
  return waiting_to_start(
      waiting(R"("containerStatuses":[{"name":"c","state":{"waiting":{"reason":")" + reason +
              R"("}}}])"),
      "c");
}

TEST(WaitingToStart, SaysWhatTheContainerWaitsFor) {
  const std::string begin = R"(container "c" in pod "p" is waiting to start: )";
  EXPECT_EQ(waiting_to_start(waiting(""), "c"), begin + "ContainerCreating");
  EXPECT_EQ(for_reason("PodInitializing"), begin + "PodInitializing");
  EXPECT_EQ(for_reason("ErrImagePull"), begin + "image can't be pulled");
  EXPECT_EQ(for_reason("ImagePullBackOff"), begin + "trying and failing to pull image");
  EXPECT_EQ(for_reason("CreateContainerConfigError"), begin + "CreateContainerConfigError");
}

TEST(WaitingToStart, InitContainersHaveAStatusOfTheirOwn) {
  EXPECT_EQ(
      waiting_to_start(
          waiting(R"("initContainerStatuses":[{"name":"i","state":{"waiting":{"reason":"X"}}}])"),
          "i"),
      R"(container "i" in pod "p" is waiting to start: X)");
}

}  // namespace
}  // namespace nodal::agent
