// tests/unit/agent/pod/images_test.cc — how long a pull took, as events write it.
#include "agent/pod/images.h"

#include <gtest/gtest.h>

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;

TEST(PullTime, IsWrittenAsKubernetesWritesIt) {
  EXPECT_EQ(pull_time(400us), "0s");
  EXPECT_EQ(pull_time(850ms), "850ms");
  EXPECT_EQ(pull_time(1200ms), "1.2s");
  EXPECT_EQ(pull_time(2s), "2s");
  EXPECT_EQ(pull_time(62s + 5ms), "1m2.005s");
  EXPECT_EQ(pull_time(1h), "1h0m0s");
}

}  // namespace
}  // namespace nodal::agent
