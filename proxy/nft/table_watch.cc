// proxy/nft/table_watch.cc — see table_watch.h.
#include "proxy/nft/table_watch.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/file.h"
#include "base/loop/stop.h"
#include "base/text.h"

namespace nodal::proxy::nft {
namespace {

// The attributes of one notification. Every object's table name is attribute 1 (NFTA_TABLE_NAME,
// NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE, NFTA_SET_ELEM_LIST_TABLE, NFTA_OBJ_TABLE).
struct Attribute {
  std::uint16_t type = 0;
  std::string_view bytes;
};

template <class Visit>
void for_each_attribute(std::string_view bytes, Visit visit) {
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) return;
    visit(Attribute{static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                    bytes.substr(sizeof header, header.nla_len - sizeof header)});
    const std::size_t step = NLA_ALIGN(header.nla_len);
    if (step >= bytes.size()) return;
    bytes.remove_prefix(step);
  }
}

}  // namespace

Result<std::unique_ptr<TableWatch>> TableWatch::start(std::vector<std::string> prefixes,
                                                      Changed changed) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!socket) return fail_errno(errno, "open the nftables notifications");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "bind the nftables notifications");
  const int group = NFNLGRP_NFTABLES;
  if (::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return fail_errno(errno, "join the nftables notifications");
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "make an eventfd");
  return std::unique_ptr<TableWatch>(
      new TableWatch(std::move(socket), std::move(wake), std::move(prefixes), std::move(changed)));
}

TableWatch::TableWatch(UniqueFd socket, UniqueFd wake, std::vector<std::string> prefixes,
                       Changed changed)
    : socket_(std::move(socket)),
      wake_(std::move(wake)),
      prefixes_(std::move(prefixes)),
      changed_(std::move(changed)) {
  thread_ = std::thread([this] { listen(); });
}

TableWatch::~TableWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
}

// libnftables may open its socket anew, so an unknown port is looked up among the open files.
bool TableWatch::is_own(std::uint32_t port) {
  if (own_.contains(port)) return true;
  for (const auto& name : file::list("/proc/self/fd").value_or(std::vector<std::string>{})) {
    const int fd = text::number<int>(name).value_or(-1);
    sockaddr_nl address{};
    socklen_t size = sizeof address;
    int protocol = -1;
    socklen_t protocol_size = sizeof protocol;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        address.nl_family == AF_NETLINK && address.nl_pid == port &&
        ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &protocol_size) == 0 &&
        protocol == NETLINK_NETFILTER) {
      own_.insert(port);
      return true;
    }
  }
  return false;
}

void TableWatch::listen() {
  name_thread("nft-watch");
  // By the transaction whose notifications are being read; its NEWGEN comes last.
  std::set<std::string> touched;
  std::string buffer(1 << 15, '\0');
  for (;;) {
    pollfd fds[] = {{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) {
      if (errno == ENOBUFS) changed_({});
      continue;
    }
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    while (bytes.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, bytes.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) break;
      const auto body = bytes.substr(sizeof header, header.nlmsg_len - sizeof header);
      const int type = NFNL_MSG_TYPE(header.nlmsg_type);
      if (body.size() >= sizeof(nfgenmsg)) {
        const auto attributes = body.substr(NLMSG_ALIGN(sizeof(nfgenmsg)));
        if (type == NFT_MSG_NEWGEN) {
          if (!touched.empty() && !is_own(header.nlmsg_pid)) changed_(touched);
          touched.clear();
        } else {
          for_each_attribute(attributes, [&](const Attribute& a) {
            if (a.type != 1) return;
            for (const auto& prefix : prefixes_)
              if (a.bytes.starts_with(prefix)) touched.insert(prefix);
          });
        }
      }
      const std::size_t step = NLMSG_ALIGN(header.nlmsg_len);
      if (step >= bytes.size()) break;
      bytes.remove_prefix(step);
    }
  }
}

}  // namespace nodal::proxy::nft
