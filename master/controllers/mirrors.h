// master/controllers/mirrors.h — the sets of objects that the controllers look at, each watched
// once for all of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api-client/client/client.h"
#include "api-client/client/mirror.h"
#include "api-client/client/reflector.h"
#include "gen/apps_v1.h"
#include "gen/coordination_v1.h"
#include "gen/core_v1.h"
#include "gen/discovery_v1.h"
#include "gen/networking_v1.h"

namespace nodal::master::controllers {

/// The uid of the owner that controls an object, or "".
std::string controller_uid(const meta_v1::ObjectMeta& metadata);
/// True when an ownerReference with controller: true points at `uid`.
bool is_controlled_by(const meta_v1::ObjectMeta& metadata, std::string_view uid);
/// An ownerReference with controller: true to that object, whose deletion in the foreground waits.
meta_v1::OwnerReference controller_reference(const ResourceName& resource,
                                             const meta_v1::ObjectMeta& owner);

// Indices of the mirrors below.
inline constexpr const char* kByNamespace = "namespace";
inline constexpr const char* kByController = "controller";  ///< controller_uid
inline constexpr const char* kByNode = "node";              ///< spec.nodeName
inline constexpr const char* kByService =
    "service";  ///< label kubernetes.io/service-name, "namespace/name"

/// Fed by reflectors once start() has been called; listeners are added before. Thread-safe.
class Mirrors {
 public:
  Mirrors();
  ~Mirrors();
  Mirrors(const Mirrors&) = delete;
  Mirrors& operator=(const Mirrors&) = delete;

  client::Mirror<core_v1::Pod> pods;
  client::Mirror<core_v1::Service> services;
  client::Mirror<core_v1::Node> nodes;
  client::Mirror<core_v1::Namespace> namespaces;
  client::Mirror<core_v1::ServiceAccount> service_accounts;
  client::Mirror<core_v1::ConfigMap> root_cas;  ///< only those named kube-root-ca.crt
  client::Mirror<core_v1::Endpoints> endpoints;
  client::Mirror<discovery_v1::EndpointSlice> slices;
  client::Mirror<coordination_v1::Lease> leases;   ///< only those of kube-node-lease
  client::Mirror<core_v1::ConfigMap> config_maps;  ///< metadata only: for the garbage collector
  client::Mirror<core_v1::Secret> secrets;         ///< metadata only
  client::Mirror<apps_v1::ReplicaSet> replica_sets;
  client::Mirror<apps_v1::Deployment> deployments;
  client::Mirror<networking_v1::Ingress> ingresses;  ///< metadata only, as the classes
  client::Mirror<networking_v1::IngressClass> ingress_classes;

  void start(const std::shared_ptr<client::Client>& client);
  /// Ends the watches; the sets stay.
  void stop();
  /// Every set has been listed. Controllers that compare sets wait for this: an absent object means
  /// nothing before.
  [[nodiscard]] bool has_synced() const;
  /// Calls `listener` whenever a set has been listed.
  void on_synced(const std::function<void()>& listener);

 private:
  struct Feeds;
  std::unique_ptr<Feeds> feeds_;
};

}  // namespace nodal::master::controllers
