// tests/unit/base/address_test.cc — IPv4 addresses in IPv6's clothes.
#include "base/net/address.h"

#include <gtest/gtest.h>

namespace nodal::net {
namespace {

std::string unmapped(std::string_view text) { return IpAddress::parse(text)->unmapped().text(); }

TEST(IpAddress, AMappedAddressIsTheIpv4AddressInIt) {
  EXPECT_EQ(unmapped("::ffff:127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(unmapped("::ffff:a9fe:a9fe"), "169.254.169.254");
  EXPECT_EQ(unmapped("10.0.0.1"), "10.0.0.1");
  for (const char* other : {"::1", "::ffff", "1::ffff:0:1", "::fffe:0:1", "2001:db8::1"}) {
    EXPECT_EQ(unmapped(other), other);
    EXPECT_FALSE(IpAddress::parse(other)->is_v4_mapped()) << other;
  }
}

}  // namespace
}  // namespace nodal::net
