// proxy/dns/server.h — the cluster's DNS over UDP and TCP, with upstream forwarding. Its .cc is the
// DNS room's only I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/loop/snapshot_cell.h"
#include "base/net/address.h"
#include "base/result.h"
#include "proxy/dns/answer.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy::dns {

struct ServerOptions {
  std::vector<net::SocketAddress> listen;  ///< UDP and TCP on each
  Zone zone;
  std::vector<net::SocketAddress> upstreams;  ///< asked in turn; none: what is not ours is refused
  std::size_t cache_entries = 4096;
};

struct Figures {
  std::uint64_t queries = 0, cluster_answers = 0, completed = 0, forwarded = 0, cache_hits = 0,
                stale_answers = 0, upstream_failures = 0;
};

/// Answers until destroyed, on one thread of its own. Every query reads the snapshot that is
/// current then; no lock is held. Privilege: to bind port 53.
class Server {
 public:
  /// @errors unavailable when an address cannot be bound
  static Result<std::unique_ptr<Server>> start(ServerOptions options,
                                               const SnapshotCell<ServiceSnapshot>& snapshot);
  virtual ~Server() = default;
  [[nodiscard]] virtual Figures figures() const = 0;  ///< thread-safe
  [[nodiscard]] virtual std::uint16_t port()
      const = 0;  ///< of the first address, when it was given as 0
};

/// The search domains of a resolv.conf.
std::vector<Name> search_domains(std::string_view resolv_conf);

/// The nameservers of a resolv.conf, but for those in `without` (our own addresses: no loops).
std::vector<net::SocketAddress> nameservers(std::string_view resolv_conf,
                                            const std::vector<net::IpAddress>& without);

}  // namespace nodal::proxy::dns
