// proxy/host/local_network.cc — see local_network.h.
#include "proxy/host/local_network.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/handle.h"
#include "base/netlink/socket.h"
#include "base/text.h"

namespace nodal::proxy {
namespace {

// Sysctls are written in place: they cannot be renamed over.
Result<> write_sysctl(const std::string& path, std::string_view value) {
  if (const auto now = file::read(path, 256); now && text::trim(*now) == value) return {};
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
    return fail_errno(errno, text::cat("set ", path));
  return {};
}

netlink::Route service_route(const net::Cidr& services, int link, const net::IpAddress& source) {
  netlink::Route route;
  route.to = services;
  route.link = link;
  route.source = source;
  return route;
}

}  // namespace

Result<> LocalNetwork::enable_forwarding(bool ipv6) {
  NODAL_TRY(write_sysctl("/proc/sys/net/ipv4/ip_forward", "1"));
  if (ipv6) NODAL_TRY(write_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1"));
  return {};
}

Result<> LocalNetwork::add_addresses(const std::vector<net::IpAddress>& addresses) {
  auto socket = NODAL_TRY(netlink::Socket::open());
  const auto lo = NODAL_TRY(socket.link("lo"));
  for (const auto& ip : addresses)
    if (auto added = socket.add_address({lo.index, ip, ip.is_v4() ? 32 : 128});
        !added && added.error().code != Errc::already_exists)
      return std::unexpected(added.error());
  return {};
}

Result<> LocalNetwork::add_service_route(const net::Cidr& services, const net::IpAddress& source) {
  auto socket = NODAL_TRY(netlink::Socket::open());
  const auto lo = NODAL_TRY(socket.link("lo"));
  return socket.set_route(service_route(services, lo.index, source));
}

Result<> LocalNetwork::remove(const std::vector<net::IpAddress>& addresses,
                              const net::Cidr& services) {
  auto socket = NODAL_TRY(netlink::Socket::open());
  const auto lo = NODAL_TRY(socket.link("lo"));
  const auto gone = [](const Result<>& done) {
    return done || done.error().code == Errc::not_found;
  };
  for (const auto& ip : addresses) {
    const auto done = socket.delete_address({lo.index, ip, ip.is_v4() ? 32 : 128});
    // An address that is not there is reported as "cannot assign".
    if (!gone(done) && done.error().message.find("assign") == std::string::npos &&
        done.error().message.find("not available") == std::string::npos)
      return done;
  }
  netlink::Route route;
  route.to = services;
  route.link = lo.index;
  if (auto done = socket.delete_route(route); !gone(done)) return done;
  return {};
}

}  // namespace nodal::proxy
