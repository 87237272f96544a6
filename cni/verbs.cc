// cni/verbs.cc — leases, links and their order: the lease first, given back last.
#include "cni/verbs.h"

#include <algorithm>

#include "base/text.h"
#include "cni/apply.h"
#include "cni/check.h"
#include "cni/ipam/range.h"
#include "cni/ipam/store.h"
#include "cni/result.h"

namespace nodal::cni {
namespace {

std::unexpected<Failure> refuse(Code code, std::string_view what, const Error& error) {
  if (error.code == Errc::unavailable) code = Code::try_again;
  return std::unexpected(Failure{code, std::string(what), error.message});
}

Result<> delete_host_link(netlink::Socket& host, const Attachment& attachment) {
  auto deleted = host.delete_link(host_link_name(attachment));
  if (!deleted && deleted.error().code == Errc::not_found) return {};
  return deleted;
}

Outcome<std::string> add(const Request& request) {
  auto applier = LinkApplier::open(request.netns);
  if (!applier)
    return refuse(applier.error().code == Errc::not_found  ? Code::unknown_container
                  : applier.error().code == Errc::conflict ? Code::invalid_namespace
                                                           : Code::invalid_environment,
                  "the network namespace cannot be used", applier.error());
  Lease lease;
  bool fresh = false;
  {
    auto store = ipam::Store::open(request.data_folder, request.network);
    if (!store)
      return refuse(Code::io_failure, "the address store cannot be opened", store.error());
    const auto taken = store->take(request.subnets, request.attachment);
    if (!taken)
      return refuse(taken.error().code == Errc::not_found ? Code::exhausted : Code::io_failure,
                    "no address can be given", taken.error());
    lease = {taken->ip, ipam::gateway(taken->subnet)};
    fresh = taken->fresh;
  }
  const bool leftover = applier->host().link(host_link_name(request.attachment)).has_value();
  if (auto applied = applier->apply(plan_add(request, lease, leftover)); !applied) {
    if (fresh)
      if (auto store = ipam::Store::open(request.data_folder, request.network))
        (void)store->release(request.attachment);
    return refuse(Code::kernel, "the pod's link cannot be made", applied.error());
  }
  return success_document(request, lease);
}

Outcome<std::string> del(const Request& request) {
  auto host = netlink::Socket::open();
  if (!host) return refuse(Code::kernel, "netlink", host.error());
  // The host's end takes the pod's with it, with all routes and addresses: the namespace is not
  // needed. The address is given back only when nothing uses it any more.
  if (auto deleted = delete_host_link(*host, request.attachment); !deleted)
    return refuse(Code::kernel, "the pod's link cannot be deleted", deleted.error());
  auto store = ipam::Store::open(request.data_folder, request.network);
  if (!store) return refuse(Code::io_failure, "the address store cannot be opened", store.error());
  if (auto released = store->release(request.attachment); !released)
    return refuse(Code::io_failure, "the address cannot be given back", released.error());
  return std::string();
}

Outcome<std::string> check(const Request& request) {
  const auto wrong = [](std::string message) {
    return std::unexpected(Failure{Code::check_failed, std::move(message), {}});
  };
  auto applier = LinkApplier::open(request.netns);
  if (!applier)
    return refuse(Code::unknown_container, "the network namespace cannot be used", applier.error());
  auto store = ipam::Store::open(request.data_folder, request.network);
  if (!store) return refuse(Code::io_failure, "the address store cannot be opened", store.error());
  const auto leases = store->leases();
  if (!leases) return refuse(Code::io_failure, "the address store cannot be read", leases.error());
  const auto mine = std::ranges::find(*leases, request.attachment, &ipam::Store::Lease::owner);
  if (mine == leases->end()) return wrong("no address is leased to this attachment");
  const auto subnet = std::ranges::find_if(
      request.subnets, [&](const net::Cidr& s) { return s.contains(mine->ip); });
  if (subnet == request.subnets.end())
    return wrong(text::cat("address ", mine->ip.text(), " is in no subnet of the network"));

  // What cannot be read is not there.
  auto& host = applier->host();
  auto& pod = applier->pod();
  const auto or_nothing = [](auto listed) {
    return listed ? std::move(*listed) : typename decltype(listed)::value_type{};
  };
  const auto maybe = [](Result<netlink::Link> found) {
    return found ? std::optional(std::move(*found)) : std::nullopt;
  };
  auto fault = find_fault(request, {mine->ip, ipam::gateway(*subnet)},
                          {.host = maybe(host.link(host_link_name(request.attachment))),
                           .pod = maybe(pod.link(request.attachment.interface)),
                           .host_addresses = or_nothing(host.addresses()),
                           .pod_addresses = or_nothing(pod.addresses()),
                           .host_routes = or_nothing(host.routes()),
                           .pod_routes = or_nothing(pod.routes())});
  if (!fault.empty()) return wrong(std::move(fault));
  return std::string();
}

Outcome<std::string> gc(const Request& request) {
  auto host = netlink::Socket::open();
  if (!host) return refuse(Code::kernel, "netlink", host.error());
  auto store = ipam::Store::open(request.data_folder, request.network);
  if (!store) return refuse(Code::io_failure, "the address store cannot be opened", store.error());
  const auto leases = store->leases();
  if (!leases) return refuse(Code::io_failure, "the address store cannot be read", leases.error());
  for (const auto& lease : *leases) {
    if (request.valid.contains(lease.owner)) continue;
    if (!lease.owner.container_id.empty())
      if (auto deleted = delete_host_link(*host, lease.owner); !deleted)
        return refuse(Code::kernel, "a lost pod's link cannot be deleted", deleted.error());
    if (auto released = store->release(lease.owner); !released)
      return refuse(Code::io_failure, "a lost address cannot be given back", released.error());
  }
  return std::string();
}

Outcome<std::string> status(const Request& request) {
  if (auto host = netlink::Socket::open(); !host)
    return refuse(Code::not_available, "netlink", host.error());
  auto store = ipam::Store::open(request.data_folder, request.network);
  if (!store)
    return refuse(Code::not_available, "the address store cannot be opened", store.error());
  return std::string();
}

}  // namespace

Outcome<std::string> carry_out(const Request& request) {
  switch (request.verb) {
    case Verb::add:
      return add(request);
    case Verb::check:
      return check(request);
    case Verb::del:
      return del(request);
    case Verb::gc:
      return gc(request);
    case Verb::status:
      return status(request);
    case Verb::version:
      return version_document(request.version);
  }
  return std::string();
}

}  // namespace nodal::cni
