// cni/apply.cc — one LinkOp, one call.
#include "cni/apply.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/net/namespace.h"
#include "base/text.h"

namespace nodal::cni {
namespace {

Result<> write_sysctl(const std::string& key, const std::string& value) {
  const UniqueFd fd(::open(text::cat("/proc/sys/", key).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return {};  // a kernel without IPv6 has nothing to forbid
    return fail_errno(errno, key);
  }
  if (::write(fd.get(), value.data(), value.size()) < 0) return fail_errno(errno, key);
  return {};
}

template <class... F>
struct Overload : F... {
  using F::operator()...;
};

}  // namespace

Result<LinkApplier> LinkApplier::open(const std::string& netns) {
  auto fd = NODAL_TRY(net::open_namespace(netns));
  if (NODAL_TRY(net::is_current_namespace(fd.get())))
    return fail(Errc::conflict, netns + " is the namespace of the plugin itself");
  auto host = NODAL_TRY(netlink::Socket::open());
  auto pod = NODAL_TRY(netlink::Socket::open_in(fd.get()));
  return LinkApplier(std::move(fd), std::move(host), std::move(pod));
}

Result<> LinkApplier::one(const LinkOp& op) {
  return std::visit(
      Overload{
          [&](const DeleteLink& o) -> Result<> {
            auto deleted = host_.delete_link(o.link);
            if (!deleted && deleted.error().code == Errc::not_found) return {};
            return deleted;
          },
          [&](const CreateVeth& o) -> Result<> {
            return host_.create_veth({o.host, o.pod, o.host_mac, o.pod_mac, o.mtu, netns_.get()});
          },
          [&](const SetSysctl& o) -> Result<> {
            if (o.side == Side::host) return write_sysctl(o.key, o.value);
            const auto scope = NODAL_TRY(net::ScopedNamespace::enter(netns_.get()));
            return write_sysctl(o.key, o.value);
          },
          [&](const AddAddress& o) -> Result<> {
            return of(o.side).add_address({NODAL_TRY(of(o.side).link(o.link)).index, o.ip, 32});
          },
          [&](const SetUp& o) -> Result<> {
            return of(o.side).set_up(NODAL_TRY(of(o.side).link(o.link)).index);
          },
          [&](const SetNeighbour& o) -> Result<> {
            return of(o.side).set_neighbour(
                {NODAL_TRY(of(o.side).link(o.link)).index, o.ip, o.mac});
          },
          [&](const SetRoute& o) -> Result<> {
            return of(o.side).set_route(
                {o.to, NODAL_TRY(of(o.side).link(o.link)).index, o.via, 254});
          },
      },
      op);
}

Result<> LinkApplier::apply(std::span<const LinkOp> ops) {
  for (std::size_t i = 0; i < ops.size(); ++i) {
    auto done = one(ops[i]);
    if (done) continue;
    for (std::size_t back = i; back-- > 0;)
      if (const auto op = undo(ops[back]))
        if (auto undone = one(*op); !undone)
          return fail(done.error().code,
                      text::cat(done.error().message, "; undo: ", undone.error().message));
    return done;
  }
  return {};
}

}  // namespace nodal::cni
