// proxy/dns/server.h — the cluster's DNS over UDP and TCP, with upstream forwarding.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop/snapshot_cell.h"
#include "base/net/address.h"
#include "proxy/dns/answer.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy::dns {

struct ServerOptions {
  std::vector<net::SocketAddress> listen;  ///< UDP and TCP on each
  Zone zone;
  std::vector<net::SocketAddress> upstreams;  ///< none: what is not ours is refused
  std::size_t cache_entries = 4096;
  std::chrono::milliseconds patience{1800};  ///< then what is stale has to do (RFC 8767 §5)
  /// The namespace of the pod that has this address, "" for anybody else: a pod's search path is
  /// completed, in its own namespace only. Called on the server's thread, for some denied
  /// questions.
  std::function<std::string(const net::IpAddress&)> namespace_of;
};

struct Figures {
  std::uint64_t queries = 0, cluster_answers = 0, completed = 0, forwarded = 0, cache_hits = 0,
                stale_answers = 0, upstream_failures = 0;
};

/// Answers until destroyed, on one thread of its own. Every query reads the snapshot that is
/// current then; no lock is held. An address that cannot be had is tried again. While the snapshot
/// is not complete, questions about the cluster wait for it, a second at most, and then fail: what
/// is not known is not denied. Privilege: to bind port 53.
class Server {
 public:
  static std::unique_ptr<Server> start(ServerOptions options,
                                       const SnapshotCell<ServiceSnapshot>& snapshot);
  virtual ~Server() = default;
  [[nodiscard]] virtual Figures figures() const = 0;  ///< thread-safe
  /// Which addresses cannot be had and why; "" when all is well. Thread-safe.
  [[nodiscard]] virtual std::string complaint() const = 0;
  [[nodiscard]] virtual std::uint16_t port()
      const = 0;  ///< of the first address, when it was given as 0
};

}  // namespace nodal::proxy::dns
