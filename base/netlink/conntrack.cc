// base/netlink/conntrack.cc — see conntrack.h.
#include "base/netlink/conntrack.h"

#include <netinet/in.h>
#include <netlink/addr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netfilter/ct.h>
#include <netlink/netfilter/nfnl.h>
#include <netlink/socket.h>

#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.h"

namespace nodal::netlink {
namespace {

struct FreeSocket {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
struct FreeFlow {
  void operator()(nfnl_ct* flow) const { nfnl_ct_put(flow); }
};
using Socket = std::unique_ptr<nl_sock, FreeSocket>;
using Flow = std::unique_ptr<nfnl_ct, FreeFlow>;

std::unexpected<Error> failed(const char* what, int error) {
  const Errc code = error == -NLE_PERM ? Errc::forbidden : Errc::unavailable;
  return fail(code, text::cat(what, ": ", nl_geterror(error)));
}

Result<Socket> open() {
  Socket socket(nl_socket_alloc());
  if (!socket) return fail(Errc::internal, "netlink: no memory");
  if (const int error = nfnl_connect(socket.get()); error < 0) return failed("conntrack", error);
  return socket;
}

std::optional<net::IpAddress> address_of(nl_addr* address) {
  if (address == nullptr) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(address));
  if (nl_addr_get_len(address) == 4) {
    std::uint32_t v4 = 0;
    std::memcpy(&v4, bytes, 4);
    return net::IpAddress::v4(ntohl(v4));
  }
  if (nl_addr_get_len(address) == 16) {
    std::array<std::uint8_t, 16> v6;
    std::memcpy(v6.data(), bytes, 16);
    return net::IpAddress::v6(v6);
  }
  return std::nullopt;
}

struct Search {
  std::uint8_t protocol;
  const std::function<bool(const TrackedFlow&)>& forget;
  std::vector<Flow> found;
};

int look(nl_msg* message, void* argument) {
  auto& search = *static_cast<Search*>(argument);
  nfnl_ct* parsed = nullptr;
  if (nfnlmsg_ct_parse(nlmsg_hdr(message), &parsed) < 0) return NL_OK;
  Flow flow(parsed);
  if (nfnl_ct_get_proto(parsed) != search.protocol) return NL_OK;
  const auto to = address_of(nfnl_ct_get_dst(parsed, 0));
  const auto by = address_of(nfnl_ct_get_src(parsed, 1));
  if (to && by &&
      search.forget({search.protocol,
                     {*to, nfnl_ct_get_dst_port(parsed, 0)},
                     {*by, nfnl_ct_get_src_port(parsed, 1)}}))
    search.found.push_back(std::move(flow));
  return NL_OK;
}

}  // namespace

Result<int> forget_flows(std::uint8_t protocol,
                         const std::function<bool(const TrackedFlow&)>& forget) {
  const auto reader = NODAL_TRY(open());
  Search search{protocol, forget, {}};
  nl_socket_modify_cb(reader.get(), NL_CB_VALID, NL_CB_CUSTOM, look, &search);
  if (const int error = nfnl_ct_dump_request(reader.get()); error < 0)
    return failed("conntrack dump", error);
  if (const int error = nl_recvmsgs_default(reader.get()); error < 0)
    return failed("conntrack dump", error);
  const auto writer = NODAL_TRY(open());
  int removed = 0;
  for (const auto& flow : search.found)
    // One that has ended meanwhile is not there any more: that is what we want.
    removed += nfnl_ct_del(writer.get(), flow.get(), 0) >= 0;
  return removed;
}

}  // namespace nodal::netlink
