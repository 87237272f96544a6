// cni/apply.h — carries out LinkOps; on failure takes back what was done, in reverse.
#pragma once

#include <span>
#include <string>

#include "base/handle.h"
#include "base/netlink/socket.h"
#include "base/result.h"
#include "cni/plan.h"

namespace nodal::cni {

/// Privilege: CAP_NET_ADMIN in both namespaces, CAP_SYS_ADMIN to enter the pod's.
class LinkApplier {
 public:
  /// @param netns  path of the pod's namespace
  /// @errors conflict: it is our own, whose routes are the host's; not_found, invalid: see
  /// open_namespace
  static Result<LinkApplier> open(const std::string& netns);

  Result<> apply(std::span<const LinkOp> ops);
  [[nodiscard]] netlink::Socket& host() { return host_; }
  [[nodiscard]] netlink::Socket& pod() { return pod_; }

 private:
  LinkApplier(UniqueFd netns, netlink::Socket host, netlink::Socket pod)
      : netns_(std::move(netns)), host_(std::move(host)), pod_(std::move(pod)) {}
  Result<> one(const LinkOp& op);
  netlink::Socket& of(Side side) { return side == Side::host ? host_ : pod_; }

  UniqueFd netns_;
  netlink::Socket host_, pod_;
};

}  // namespace nodal::cni
