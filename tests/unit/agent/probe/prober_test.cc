// tests/unit/agent/probe/prober_test.cc — where a probe may go.
#include "agent/probe/prober.h"

#include <gtest/gtest.h>

namespace nodal::agent {
namespace {

TEST(ProbeAddress, IsThePodsUnlessTheProbeHasItsOwn) {
  EXPECT_EQ(probe_address("", "10.0.0.5").value(), "10.0.0.5");
  EXPECT_EQ(probe_address("192.0.2.1", "10.0.0.5").value(), "192.0.2.1");
}

TEST(ProbeAddress, TheNodesInnerAddressesAreRefused) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "169.254.169.254", "fe80::1",
                           "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "0.0.0.0", "224.0.0.1"}) {
    const auto refused = probe_address(host, "10.0.0.5");
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().code, Errc::forbidden) << host;
  }
  EXPECT_EQ(probe_address("example.com", "10.0.0.5").error().code, Errc::invalid);
}

}  // namespace
}  // namespace nodal::agent
