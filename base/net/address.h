// base/net/address.h — addresses as values: parse, print, order. No system calls.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nodal::net {

/// An IPv4 or IPv6 address. IPv4 sorts before IPv6; within a family by value. An IPv4-mapped IPv6
/// address stays IPv6.
class IpAddress {
 public:
  IpAddress() = default;  ///< 0.0.0.0
  /// @param host_order  10.0.0.1 is 0x0a000001
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);
  /// Dotted quad without leading zeros (they are ambiguous: octal in C, decimal elsewhere), or RFC
  /// 4291 text without zone.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const { return !v6_; }
  [[nodiscard]] bool is_v6() const { return v6_; }
  /// Host order; only for IPv4.
  [[nodiscard]] std::uint32_t v4_value() const;
  /// Network order; an IPv4 address fills the first four.
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  /// 4 or 16.
  [[nodiscard]] std::size_t size() const { return v6_ ? 16 : 4; }
  /// Canonical text (RFC 5952).
  [[nodiscard]] std::string text() const;

  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_link_local() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_unspecified() const;
  /// Whether it is an IPv4 address in IPv6's clothes, ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
  [[nodiscard]] bool is_v4_mapped() const;
  /// The IPv4 address in a mapped one; any other address itself.
  [[nodiscard]] IpAddress unmapped() const;
  /// The address `offset` further; wraps within the family.
  [[nodiscard]] IpAddress plus(std::uint64_t offset) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v6_ = false;  // first: orders the families
  std::array<std::uint8_t, 16> bytes_{};
};

/// A prefix, its host bits zero.
class Cidr {
 public:
  Cidr() = default;
  /// Host bits of `address` are cleared.
  Cidr(IpAddress address, int prefix_length);
  /// "10.244.0.0/16". Host bits that are set are cleared, as Go's ParseCIDR does for the network.
  static std::optional<Cidr> parse(std::string_view text);

  [[nodiscard]] const IpAddress& base() const { return base_; }
  [[nodiscard]] int prefix_length() const { return prefix_length_; }
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool overlaps(const Cidr& other) const;
  /// How many addresses, at most 2^63.
  [[nodiscard]] std::uint64_t size() const;
  /// The n-th sub-prefix of that length: 10.244.0.0/16 → subnet(24, 3) is 10.244.3.0/24.
  [[nodiscard]] Cidr subnet(int prefix_length, std::uint64_t n) const;
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Cidr&) const = default;

 private:
  IpAddress base_;
  int prefix_length_ = 0;
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// "10.0.0.1:80" or "[::1]:80".
  static std::optional<SocketAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const SocketAddress&) const = default;
};

}  // namespace nodal::net

template <>
struct std::hash<nodal::net::IpAddress> {
  std::size_t operator()(const nodal::net::IpAddress& address) const noexcept;
};
