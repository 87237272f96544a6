// master/controllers/mirrors.cc — see mirrors.h.
#include "master/controllers/mirrors.h"

#include <algorithm>

namespace nodal::master::controllers {
namespace {

template <class T>
void index_by_namespace(client::Mirror<T>& mirror) {
  mirror.add_index(kByNamespace, [](const T& object) {
    return std::vector<std::string>{object.metadata.namespace_};
  });
}

template <class T>
void index_by_controller(client::Mirror<T>& mirror) {
  mirror.add_index(kByController, [](const T& object) {
    auto uid = controller_uid(object.metadata);
    return uid.empty() ? std::vector<std::string>{} : std::vector<std::string>{std::move(uid)};
  });
}

template <class T>
std::vector<std::string> service_key(const T& object) {
  const auto it = object.metadata.labels.find("kubernetes.io/service-name");
  if (it == object.metadata.labels.end()) return {};
  return {client::object_key(object.metadata.namespace_, it->second)};
}

}  // namespace

std::string controller_uid(const meta_v1::ObjectMeta& metadata) {
  for (const auto& owner : metadata.owner_references)
    if (owner.controller.value_or(false)) return owner.uid;
  return {};
}

bool is_controlled_by(const meta_v1::ObjectMeta& metadata, std::string_view uid) {
  return !uid.empty() && controller_uid(metadata) == uid;
}

meta_v1::OwnerReference controller_reference(const ResourceName& resource,
                                             const meta_v1::ObjectMeta& owner) {
  meta_v1::OwnerReference out;
  out.api_version = resource.api_version();
  out.kind = resource.kind;
  out.name = owner.name;
  out.uid = owner.uid;
  out.controller = true;
  out.block_owner_deletion = true;
  return out;
}

struct Mirrors::Feeds {
  std::unique_ptr<client::Reflector<core_v1::Pod>> pods;
  std::unique_ptr<client::Reflector<core_v1::Service>> services;
  std::unique_ptr<client::Reflector<core_v1::Node>> nodes;
  std::unique_ptr<client::Reflector<core_v1::Namespace>> namespaces;
  std::unique_ptr<client::Reflector<core_v1::ServiceAccount>> service_accounts;
  std::unique_ptr<client::Reflector<core_v1::ConfigMap>> root_cas;
  std::unique_ptr<client::Reflector<core_v1::Endpoints>> endpoints;
  std::unique_ptr<client::Reflector<discovery_v1::EndpointSlice>> slices;
  std::unique_ptr<client::Reflector<coordination_v1::Lease>> leases;
  std::unique_ptr<client::Reflector<core_v1::ConfigMap>> config_maps;
  std::unique_ptr<client::Reflector<core_v1::Secret>> secrets;
  std::unique_ptr<client::Reflector<apps_v1::ReplicaSet>> replica_sets;
  std::unique_ptr<client::Reflector<apps_v1::Deployment>> deployments;
  std::unique_ptr<client::Reflector<networking_v1::Ingress>> ingresses;
  std::unique_ptr<client::Reflector<networking_v1::IngressClass>> ingress_classes;
};

Mirrors::Mirrors() {
  index_by_namespace(pods);
  index_by_namespace(services);
  index_by_namespace(replica_sets);
  index_by_controller(pods);
  index_by_controller(replica_sets);
  pods.add_index(kByNode, [](const core_v1::Pod& pod) {
    return pod.spec.node_name.empty() ? std::vector<std::string>{}
                                      : std::vector<std::string>{pod.spec.node_name};
  });
  slices.add_index(kByService, service_key<discovery_v1::EndpointSlice>);
}

Mirrors::~Mirrors() = default;

void Mirrors::start(const std::shared_ptr<client::Client>& client) {
  feeds_ = std::make_unique<Feeds>();
  const auto feed = [&]<class T>(std::unique_ptr<client::Reflector<T>>& reflector,
                                 client::Mirror<T>& mirror,
                                 client::ReflectorOptions<T> options = {}) {
    reflector = std::make_unique<client::Reflector<T>>(client, mirror, std::move(options));
  };
  feed(feeds_->pods, pods);
  feed(feeds_->services, services);
  feed(feeds_->nodes, nodes);
  feed(feeds_->namespaces, namespaces);
  feed(feeds_->service_accounts, service_accounts);
  feed(feeds_->root_cas, root_cas, {.field_selector = "metadata.name=kube-root-ca.crt"});
  feed(feeds_->endpoints, endpoints);
  feed(feeds_->slices, slices);
  feed(feeds_->leases, leases, {.namespace_ = "kube-node-lease"});
  feed(feeds_->config_maps, config_maps, {.trim = [](core_v1::ConfigMap& map) {
         map.data.clear();
         map.binary_data.clear();
       }});
  feed(feeds_->secrets, secrets, {.trim = [](core_v1::Secret& secret) { secret.data.clear(); }});
  feed(feeds_->replica_sets, replica_sets);
  feed(feeds_->deployments, deployments);
  feed(feeds_->ingresses, ingresses,
       {.trim = [](networking_v1::Ingress& ingress) { ingress.spec = {}; }});
  feed(feeds_->ingress_classes, ingress_classes);
}

void Mirrors::stop() { feeds_.reset(); }

bool Mirrors::has_synced() const {
  return pods.has_synced() && services.has_synced() && nodes.has_synced() &&
         namespaces.has_synced() && service_accounts.has_synced() && root_cas.has_synced() &&
         endpoints.has_synced() && slices.has_synced() && leases.has_synced() &&
         config_maps.has_synced() && secrets.has_synced() && replica_sets.has_synced() &&
         deployments.has_synced() && ingresses.has_synced() && ingress_classes.has_synced();
}

void Mirrors::on_synced(const std::function<void()>& listener) {
  pods.on_synced(listener);
  services.on_synced(listener);
  nodes.on_synced(listener);
  namespaces.on_synced(listener);
  service_accounts.on_synced(listener);
  root_cas.on_synced(listener);
  endpoints.on_synced(listener);
  slices.on_synced(listener);
  leases.on_synced(listener);
  config_maps.on_synced(listener);
  secrets.on_synced(listener);
  replica_sets.on_synced(listener);
  deployments.on_synced(listener);
  ingresses.on_synced(listener);
  ingress_classes.on_synced(listener);
}

}  // namespace nodal::master::controllers
