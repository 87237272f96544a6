// master/controllers/endpointslice/controller.cc — see controller.h.
#include "master/controllers/endpointslice/controller.h"

#include "api-client/client/selects.h"
#include "base/text.h"

namespace nodal::master::controllers {
namespace {

bool chooses(const core_v1::Service& service, const core_v1::Pod& pod) {
  for (const auto& [key, value] : service.spec.selector) {
    const auto it = pod.metadata.labels.find(key);
    if (it == pod.metadata.labels.end() || it->second != value) return false;
  }
  return !service.spec.selector.empty();
}

// What of a pod a Service can see.
bool looks_the_same(const core_v1::Pod& a, const core_v1::Pod& b) {
  return a.metadata.labels == b.metadata.labels &&
         a.metadata.deletion_timestamp.has_value() == b.metadata.deletion_timestamp.has_value() &&
         a.status.phase == b.status.phase && a.status.pod_ip == b.status.pod_ip &&
         a.status.pod_ips == b.status.pod_ips && a.spec.node_name == b.spec.node_name &&
         is_ready(a) == is_ready(b);
}

}  // namespace

EndpointSliceController::EndpointSliceController(Context context)
    : Controller("endpointslice", std::move(context), 2),
      slices_(context_, endpointslice::kManagedBy) {
  context_.mirrors.services.on_change(
      [this](const client::Change<core_v1::Service>& change) { wake(change.key); });
  context_.mirrors.pods.on_change([this](const client::Change<core_v1::Pod>& change) {
    if (change.before && change.after && looks_the_same(*change.before, *change.after)) return;
    const auto& any = change.after ? change.after : change.before;
    for (const auto& service :
         context_.mirrors.services.by_index(kByNamespace, any->metadata.namespace_))
      if ((change.before && chooses(*service, *change.before)) ||
          (change.after && chooses(*service, *change.after)))
        wake(client::key_of(*service));
  });
  slices_.follow([this](const std::string& service) { wake(service); });
  context_.mirrors.endpoints.on_change([this](const client::Change<core_v1::Endpoints>& change) {
    if (!change.after) wake(change.key);
  });
  context_.mirrors.on_synced([this] { find_leftovers(); });
}

void EndpointSliceController::find_leftovers() {
  const auto& mirrors = context_.mirrors;
  if (!mirrors.has_synced() || looked_for_leftovers_.exchange(true)) return;
  for (const auto& endpoints : mirrors.endpoints.all()) {
    const auto key = client::key_of(*endpoints);
    if (!endpoints->metadata.annotations.contains(endpointslice::kLeader) &&
        !mirrors.services.get(key))
      wake(key);
  }
}

Result<Again> EndpointSliceController::reconcile(const std::string& key) {
  const auto service = context_.mirrors.services.get(key);
  if (!service) {
    // Slices go with their owner; Endpoints have none.
    const auto [ns, name] = split_key(key);
    if (const auto left = context_.mirrors.endpoints.get(key))
      if (auto removed =
              context_.client->remove<core_v1::Endpoints>(ns, name, {.uid = left->metadata.uid});
          !removed && removed.error().code != Errc::not_found)
        return wrap("delete endpoints", removed.error());
    slices_.forget(key);
    say_unserved(key, nullptr, {});
    return Again{};
  }
  if (service->spec.selector.empty() || service->spec.type == "ExternalName" ||
      service->metadata.deletion_timestamp)
    return Again{};
  if (slices_.is_waiting(key)) return Again{slices_.kUntilSeen};
  std::vector<endpointslice::PodPtr> pods;
  for (const auto& pod : context_.mirrors.pods.by_index(kByNamespace, service->metadata.namespace_))
    if (chooses(*service, *pod)) pods.push_back(pod);
  const auto zone_of = [this](const std::string& name) -> std::string {
    const auto node = context_.mirrors.nodes.get(name);
    if (!node) return {};
    const auto it = node->metadata.labels.find("topology.kubernetes.io/zone");
    return it == node->metadata.labels.end() ? std::string() : it->second;
  };
  NODAL_TRY(
      slices_.write(key, endpointslice::plan(*service, pods, slices_.existing(key), zone_of)));
  NODAL_TRY(write_endpoints(*service, pods));
  say_unserved(key, service.get(), endpointslice::unserved_ports(*service, pods));
  return Again{};
}

Result<> EndpointSliceController::write_endpoints(const core_v1::Service& service,
                                                  const std::vector<endpointslice::PodPtr>& pods) {
  const auto want = endpointslice::endpoints(service, pods);
  const auto have = context_.mirrors.endpoints.get(client::key_of(service));
  if (!have) {
    auto created = context_.client->create(want);
    if (!created && created.error().code != Errc::already_exists)
      return wrap("create endpoints", created.error());
    return {};
  }
  if (have->subsets == want.subsets && have->metadata.labels == want.metadata.labels) return {};
  auto after = *have;
  after.subsets = want.subsets;
  after.metadata.labels = want.metadata.labels;
  after.metadata.annotations = want.metadata.annotations;
  const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(*have), codec::encode(after)));
  if (patch == "{}") return {};
  NODAL_TRY(context_.client->patch<core_v1::Endpoints>(want.metadata.namespace_, want.metadata.name,
                                                       client::PatchType::merge, patch));
  return {};
}

void EndpointSliceController::say_unserved(const std::string& key, const core_v1::Service* service,
                                           const std::vector<std::string>& ports) {
  {
    const std::lock_guard lock(mutex_);
    auto it = unserved_.find(key);
    if (ports.empty()) {
      if (it != unserved_.end()) unserved_.erase(it);
      return;
    }
    if (it != unserved_.end() && it->second == ports) return;
    unserved_[key] = ports;
  }
  const auto& metadata = service->metadata;
  record({"v1", "Service", metadata.namespace_, metadata.name, metadata.uid,
          metadata.resource_version, ""},
         client::EventType::warning, "NoSuchPort",
         text::cat("No pod that the selector chooses has a container port named ",
                   text::join(ports, ", "), "; the Service has no endpoints for it"));
}

}  // namespace nodal::master::controllers
