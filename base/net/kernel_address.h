// base/net/kernel_address.h — an address and port as the socket calls take it.
#pragma once

#include <sys/socket.h>

#include "base/net/address.h"

namespace nodal::net {

/// A sockaddr_in or sockaddr_in6; network byte order is in here and nowhere else.
class KernelAddress {
 public:
  explicit KernelAddress(const SocketAddress& address);

  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

/// What a socket call gave; nothing for an address of another family, as of a unix socket.
[[nodiscard]] std::optional<SocketAddress> from_kernel(const sockaddr_storage& storage);

}  // namespace nodal::net
