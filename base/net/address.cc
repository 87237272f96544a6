// base/net/address.cc — see address.h.
#include "base/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>

#include "base/text.h"

namespace nodal::net {
namespace {

std::optional<IpAddress> parse_v4(std::string_view text) {
  std::uint32_t value = 0;
  const auto parts = text::split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  for (const auto part : parts) {
    const auto octet = text::number<unsigned>(part);
    if (!octet || *octet > 255 || part.size() > 3 || (part.size() > 1 && part[0] == '0'))
      return std::nullopt;
    value = value << 8 | *octet;
  }
  return IpAddress::v4(value);
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress out;
  for (int i = 0; i < 4; ++i)
    out.bytes_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return out;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress out;
  out.v6_ = true;
  out.bytes_ = bytes;
  return out;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return parse_v4(text);
  if (text.size() > INET6_ADDRSTRLEN) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
  return v6(bytes);
}

std::uint32_t IpAddress::v4_value() const {
  return std::uint32_t{bytes_[0]} << 24 | std::uint32_t{bytes_[1]} << 16 |
         std::uint32_t{bytes_[2]} << 8 | bytes_[3];
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

bool IpAddress::is_loopback() const {
  if (!v6_) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto b) { return b == 0; }) &&
         bytes_[15] == 1;
}

bool IpAddress::is_link_local() const {
  if (!v6_) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_multicast() const {
  return v6_ ? bytes_[0] == 0xff : (bytes_[0] & 0xf0) == 0xe0;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](auto b) { return b == 0; });
}

bool IpAddress::is_v4_mapped() const {
  return v6_ && std::all_of(bytes_.begin(), bytes_.begin() + 10, [](auto b) { return b == 0; }) &&
         bytes_[10] == 0xff && bytes_[11] == 0xff;
}

IpAddress IpAddress::unmapped() const {
  if (!is_v4_mapped()) return *this;
  return v4(std::uint32_t{bytes_[12]} << 24 | std::uint32_t{bytes_[13]} << 16 |
            std::uint32_t{bytes_[14]} << 8 | bytes_[15]);
}

IpAddress IpAddress::plus(std::uint64_t offset) const {
  IpAddress out = *this;
  for (std::size_t i = size(); i-- > 0 && offset != 0;) {
    const std::uint64_t sum = out.bytes_[i] + (offset & 255);
    out.bytes_[i] = static_cast<std::uint8_t>(sum);
    offset = (offset >> 8) + (sum >> 8);
  }
  return out;
}

Cidr::Cidr(IpAddress address, int prefix_length) : base_(address), prefix_length_(prefix_length) {
  std::array<std::uint8_t, 16> bytes = address.bytes();
  for (std::size_t bit = static_cast<std::size_t>(prefix_length); bit < address.size() * 8; ++bit)
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] & ~(0x80u >> (bit % 8)));
  if (address.is_v6()) {
    base_ = IpAddress::v6(bytes);
  } else {
    base_ = IpAddress::v4(std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                          std::uint32_t{bytes[2]} << 8 | bytes[3]);
  }
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, slash));
  const auto length = text::number<int>(text.substr(slash + 1));
  if (!address || !length || *length < 0 || *length > static_cast<int>(address->size() * 8))
    return std::nullopt;
  return Cidr(*address, *length);
}

bool Cidr::contains(const IpAddress& address) const {
  return address.is_v6() == base_.is_v6() && Cidr(address, prefix_length_).base_ == base_;
}

bool Cidr::overlaps(const Cidr& other) const {
  return contains(other.base_) || other.contains(base_);
}

std::uint64_t Cidr::size() const {
  const auto host_bits = static_cast<int>(base_.size() * 8) - prefix_length_;
  return std::uint64_t{1} << std::min(host_bits, 63);
}

Cidr Cidr::subnet(int prefix_length, std::uint64_t n) const {
  // n shifted left by the host bits, added byte by byte so that it works for IPv6 too.
  const int shift = static_cast<int>(base_.size() * 8) - prefix_length;
  std::array<std::uint8_t, 16> bytes = base_.bytes();
  for (int bit = 0; bit < 64; ++bit) {
    if ((n >> bit & 1) == 0) continue;
    const int position = static_cast<int>(base_.size() * 8) - 1 - (shift + bit);
    if (position < 0) break;
    bytes[static_cast<std::size_t>(position / 8)] |=
        static_cast<std::uint8_t>(0x80u >> (position % 8));
  }
  if (base_.is_v6()) return {IpAddress::v6(bytes), prefix_length};
  return {IpAddress::v4(std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                        std::uint32_t{bytes[2]} << 8 | bytes[3]),
          prefix_length};
}

std::string Cidr::text() const { return text::cat(base_.text(), "/", prefix_length_); }

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  const auto port = text::number<std::uint16_t>(text.substr(colon + 1));
  if (!ip || !port || ip->is_v6() != bracketed) return std::nullopt;
  return SocketAddress{*ip, *port};
}

std::string SocketAddress::text() const {
  return ip.is_v6() ? text::cat("[", ip.text(), "]:", port) : text::cat(ip.text(), ":", port);
}

}  // namespace nodal::net

std::size_t std::hash<nodal::net::IpAddress>::operator()(
    const nodal::net::IpAddress& address) const noexcept {
  const auto& bytes = address.bytes();
  return std::hash<std::string_view>()(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), address.size()));
}
