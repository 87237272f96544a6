// proxy/dns/asio.h — names and addresses of Asio, for the room's two files with sockets.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <string>
#include <string_view>

#include "base/net/address.h"
#include "base/text.h"

namespace nodal::proxy::dns {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

inline asio::ip::address to_asio(const net::IpAddress& ip) {
  if (ip.is_v4()) return asio::ip::address_v4(ip.v4_value());
  return asio::ip::address_v6(ip.bytes());
}

inline net::IpAddress from_asio(const asio::ip::address& address) {
  if (address.is_v4()) return net::IpAddress::v4(address.to_v4().to_uint());
  return net::IpAddress::v6(address.to_v6().to_bytes());
}

/// A message over TCP has its size before it.
/// @source RFC 1035 §4.2.2
inline std::string framed(std::string_view wire) {
  return text::cat(static_cast<char>(wire.size() >> 8), static_cast<char>(wire.size()), wire);
}
/// @param prefix  two bytes
inline std::size_t framed_size(std::string_view prefix) {
  return static_cast<std::size_t>(static_cast<unsigned char>(prefix[0]) << 8 |
                                  static_cast<unsigned char>(prefix[1]));
}

}  // namespace nodal::proxy::dns
