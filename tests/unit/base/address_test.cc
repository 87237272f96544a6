// tests/unit/base/address_test.cc — IPv4 addresses in IPv6's clothes; addresses as the kernel has
// them.
#include "base/net/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "base/net/kernel_address.h"

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

TEST(KernelAddress, SaysTheSameInTheOrderOfTheNetwork) {
  const KernelAddress at(*SocketAddress::parse("192.0.2.1:258"));
  EXPECT_EQ(at.family(), AF_INET);
  sockaddr_in v4{};
  ASSERT_EQ(at.size(), sizeof v4);
  std::memcpy(&v4, at.get(), sizeof v4);
  const auto* port = reinterpret_cast<const std::uint8_t*>(&v4.sin_port);
  EXPECT_EQ((std::array{port[0], port[1]}), (std::array<std::uint8_t, 2>{1, 2}));
  const auto* ip = reinterpret_cast<const std::uint8_t*>(&v4.sin_addr);
  EXPECT_EQ((std::array{ip[0], ip[3]}), (std::array<std::uint8_t, 2>{192, 1}));
}

TEST(KernelAddress, ComesBackAsItWent) {
  for (const char* text : {"10.0.0.1:80", "[::1]:65535", "[2001:db8::7]:443"}) {
    const KernelAddress at(*SocketAddress::parse(text));
    sockaddr_storage storage{};
    std::memcpy(&storage, at.get(), at.size());
    const auto back = from_kernel(storage);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(back->text(), text);
  }
  sockaddr_storage unix_socket{};
  unix_socket.ss_family = AF_UNIX;
  EXPECT_FALSE(from_kernel(unix_socket));
}

}  // namespace
}  // namespace nodal::net
