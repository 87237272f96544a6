// proxy/service_snapshot.h — what to serve, as immutable values: read by both dataplanes and by
// DNS.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/address.h"

namespace nodal::proxy {

enum class Protocol : std::uint8_t { tcp = 6, udp = 17, sctp = 132 };
std::string_view name(Protocol protocol);  ///< "TCP"
std::optional<Protocol> parse_protocol(std::string_view name);

/// One backend of a Service's port.
struct Endpoint {
  net::SocketAddress address;
  bool ready = true;    ///< conditions.ready (absent counts as true)
  bool serving = true;  ///< conditions.serving
  bool terminating = false;
  bool local = false;  ///< on this node
  std::string node, zone;
  std::vector<std::string> hint_zones;
  std::string hostname;  ///< its DNS label in a headless Service, "" none
  std::string pod;       ///< targetRef "namespace/name" of a Pod, "" none
  auto operator<=>(const Endpoint&) const = default;
};

struct ServicePort {
  std::string name;
  Protocol protocol = Protocol::tcp;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;  ///< 0 none
  std::string app_protocol;
  std::vector<Endpoint> endpoints;  ///< sorted; all of them, also those that are not ready
  bool operator==(const ServicePort&) const = default;
};

enum class ServiceType { cluster_ip, node_port, load_balancer, external_name };
enum class TrafficPolicy { cluster, local };

/// One Service with its endpoints: the unit of work. Immutable and shared between snapshots.
struct ServiceEntry {
  std::string namespace_;
  std::string name;
  ServiceType type = ServiceType::cluster_ip;
  bool headless = false;
  /// Another proxy's (label service.kubernetes.io/service-proxy-name): it has names, and nothing is
  /// programmed for it but that its cluster IPs are left alone.
  bool other_proxy = false;
  std::vector<net::IpAddress> cluster_ips;  ///< empty when headless or ExternalName
  std::vector<net::IpAddress> external_ips;
  std::vector<net::IpAddress> load_balancer_ips;
  std::vector<net::IpAddress> refused_ips;  ///< asked for as well, but never served
  std::optional<std::vector<net::Cidr>> load_balancer_source_ranges;  ///< absent: from anywhere
  std::string external_name;
  TrafficPolicy external_policy = TrafficPolicy::cluster;
  TrafficPolicy internal_policy = TrafficPolicy::cluster;
  std::uint32_t affinity_seconds = 0;  ///< ClientIP session affinity; 0 none
  bool publish_not_ready = false;
  std::uint16_t health_check_node_port = 0;
  std::string traffic_distribution;  ///< "", "PreferClose", …
  std::vector<ServicePort> ports;    ///< in the Service's order
  bool operator==(const ServiceEntry&) const = default;
};

/// Whether the Service's addresses and ports are for this dataplane: not those of headless
/// Services, of ExternalNames and of another proxy.
[[nodiscard]] bool is_programmed(const ServiceEntry& entry);

/// True when the pod ("namespace/name") is a ready endpoint of the Service: new connections may
/// reach it.
[[nodiscard]] bool serves(const ServiceEntry& entry, std::string_view pod);

using ServicePtr = std::shared_ptr<const ServiceEntry>;

/// All Services this node serves. A value that is cheap to copy and change: entries are shared and
/// stand in shards that are copied on write, so one change copies one shard and not the table.
class ServiceSnapshot {
 public:
  static constexpr std::size_t kShards = 256;
  using Shard = std::map<std::string, ServicePtr, std::less<>>;  ///< by "namespace/name"

  using AddressShard = std::map<net::IpAddress, std::vector<ServicePtr>>;
  using Namespaces = std::map<std::string, std::size_t, std::less<>>;

  ServiceSnapshot();
  [[nodiscard]] ServicePtr find(std::string_view key) const;
  /// The Services that have this cluster IP, or, when headless, this endpoint: for reverse DNS.
  [[nodiscard]] std::vector<ServicePtr> find(const net::IpAddress& address) const;
  /// True when some Service is in that namespace.
  [[nodiscard]] bool has_namespace(std::string_view name) const {
    return namespaces_->contains(name);
  }
  /// True once it was made of everything that the API server has: before that, an absent Service
  /// means nothing.
  [[nodiscard]] bool is_complete() const { return complete_; }
  void set_complete() { complete_ = true; }
  /// Keys of the Services that have that pod ("namespace/name") as a ready endpoint. Looks at all
  /// of them.
  [[nodiscard]] std::vector<std::string> serving(std::string_view pod) const;
  /// This snapshot with one entry put, or removed when `entry` is null.
  [[nodiscard]] ServiceSnapshot with(const std::string& key, ServicePtr entry) const;
  [[nodiscard]] const std::vector<std::shared_ptr<const Shard>>& shards() const { return shards_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void index(const ServicePtr& entry, bool add);

  std::vector<std::shared_ptr<const Shard>> shards_;
  std::vector<std::shared_ptr<const AddressShard>> addresses_;
  std::shared_ptr<const Namespaces> namespaces_;
  std::size_t size_ = 0;
  bool complete_ = false;
};

/// Which Services differ from the snapshot synced before.
struct Changes {
  bool everything = true;          ///< look at all entries (start, after an error)
  std::set<std::string> services;  ///< "namespace/name", when not everything
};

}  // namespace nodal::proxy
