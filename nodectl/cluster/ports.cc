// nodectl/cluster/ports.cc — see ports.h.
#include "nodectl/cluster/ports.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/file.h"
#include "base/handle.h"
#include "base/net/kernel_address.h"
#include "base/text.h"

namespace nodal::nodectl {
namespace {

constexpr std::uint16_t kAgentPort = 10250;
constexpr std::uint16_t kDnsPort = 53;

// errno of bind, as the part would get it; 0: it could listen.
int try_to_listen(const Port& port) {
  const net::KernelAddress at(port.at);
  const UniqueFd fd(::socket(at.family(), (port.udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int on = 1;
  if (!port.udp) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (port.added) ::setsockopt(fd.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (::bind(fd.get(), at.get(), at.size()) != 0) return errno;
  if (!port.udp && ::listen(fd.get(), 1) != 0) return errno;
  return 0;
}

// The kernel prints each 32 bits of an address as a number of the machine's own byte order.
std::string hex_of(const net::SocketAddress& at) {
  std::string out;
  for (std::size_t i = 0; i < at.ip.size(); i += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, at.ip.bytes().data() + i, 4);
    std::array<char, 9> text{};
    std::snprintf(text.data(), text.size(), "%08X", word);
    out += text.data();
  }
  std::array<char, 6> text{};
  std::snprintf(text.data(), text.size(), ":%04X", at.port);
  return out + text.data();
}

std::string owner_of(std::uint64_t inode) {
  const auto wanted = text::cat("socket:[", inode, "]");
  const auto processes = file::list("/proc");
  if (!processes) return {};
  for (const auto& pid : *processes) {
    if (!text::number<int>(pid)) continue;
    const auto folder = text::cat("/proc/", pid, "/fd");
    const auto descriptors = file::list(folder);
    if (!descriptors) continue;
    for (const auto& descriptor : *descriptors) {
      std::array<char, 64> link{};
      if (::readlink(text::cat(folder, "/", descriptor).c_str(), link.data(), link.size() - 1) >
              0 &&
          wanted == link.data())
        return text::cat(
            text::trim(file::read(text::cat("/proc/", pid, "/comm"), 256).value_or("a program")),
            " (pid ", pid, ")");
    }
  }
  return {};
}

}  // namespace

std::vector<Port> ports_of(const Settings& settings) {
  std::vector<Port> out;
  if (const auto at = net::SocketAddress::parse(settings.listen))
    out.push_back(
        {"master", *at, false, false,
         text::cat("end it, or give the API server another port with --listen ",
                   net::SocketAddress{at->ip, static_cast<std::uint16_t>(at->port + 1)}.text())});
  if (const auto ip = net::IpAddress::parse(settings.node_ip))
    out.push_back({"agent",
                   {*ip, kAgentPort},
                   false,
                   false,
                   "end it (another Kubernetes on this host?), or give the node another address "
                   "with --node-ip"});
  if (const auto ip = net::IpAddress::parse(settings.cluster_dns))
    for (const bool udp : {true, false})
      out.push_back({"proxy",
                     {*ip, kDnsPort},
                     udp,
                     true,
                     "let it listen on its own addresses only, not on all: pods ask for names "
                     "there"});
  return out;
}

std::optional<std::uint64_t> inode_in_the_way(std::string_view table, const net::SocketAddress& at,
                                              bool udp) {
  const auto exact = hex_of(at);
  const auto port = exact.substr(exact.rfind(':'));
  for (const auto line : text::split(table, '\n')) {
    std::vector<std::string_view> fields;
    for (const auto field : text::split(line, ' '))
      if (!field.empty()) fields.push_back(field);
    if (fields.size() < 10) continue;
    const auto local = fields[1];
    const auto address = local.substr(0, local.find(':'));
    if (!udp && fields[3] != "0A") continue;  // TCP_LISTEN
    const bool all = address.find_first_not_of('0') == std::string_view::npos;
    if (!local.ends_with(port) || !(all || local == exact || at.ip.is_unspecified())) continue;
    if (const auto inode = text::number<std::uint64_t>(fields[9]); inode && *inode != 0)
      return inode;
  }
  return std::nullopt;
}

std::string obstacle(const Port& port) {
  const int error = try_to_listen(port);
  if (error == 0) return {};
  if (error == EADDRNOTAVAIL) return "no interface of this host has that address";
  if (error != EADDRINUSE) return std::strerror(error);
  for (const char* family : {"", "6"}) {
    const auto table =
        file::read(text::cat("/proc/self/net/", port.udp ? "udp" : "tcp", family), 16 << 20);
    const auto inode = table ? inode_in_the_way(*table, port.at, port.udp) : std::nullopt;
    if (!inode) continue;
    if (const auto owner = owner_of(*inode); !owner.empty())
      return text::cat(owner, " has it; ", port.remedy);
  }
  return text::cat("another program has it; ", port.remedy);
}

}  // namespace nodal::nodectl
