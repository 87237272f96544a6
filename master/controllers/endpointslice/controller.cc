// master/controllers/endpointslice/controller.cc — see controller.h.
#include "master/controllers/endpointslice/controller.h"

#include "api-client/client/selects.h"
#include "base/text.h"

namespace nodal::master::controllers {
namespace {

constexpr std::chrono::seconds kUntilSeen{30};

bool chooses(const core_v1::Service& service, const core_v1::Pod& pod) {
  for (const auto& [key, value] : service.spec.selector) {
    const auto it = pod.metadata.labels.find(key);
    if (it == pod.metadata.labels.end() || it->second != value) return false;
  }
  return !service.spec.selector.empty();
}

bool is_ours(const meta_v1::ObjectMeta& metadata) {
  const auto it = metadata.labels.find("endpointslice.kubernetes.io/managed-by");
  return it != metadata.labels.end() && it->second == endpointslice::kManagedBy;
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
    : Controller("endpointslice", std::move(context), 2) {
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
  context_.mirrors.slices.on_change(
      [this](const client::Change<discovery_v1::EndpointSlice>& change) {
        for (const auto& slice : {change.before, change.after})
          if (slice && is_ours(slice->metadata)) {
            const auto it = slice->metadata.labels.find("kubernetes.io/service-name");
            if (it != slice->metadata.labels.end())
              wake(client::object_key(slice->metadata.namespace_, it->second));
          }
      });
  context_.mirrors.endpoints.on_change([this](const client::Change<core_v1::Endpoints>& change) {
    if (!change.after) wake(change.key);
  });
}

Result<Again> EndpointSliceController::reconcile(const std::string& key) {
  const auto service = context_.mirrors.services.get(key);
  if (!service) {
    // Slices go with their owner; Endpoints have none.
    const auto [ns, name] = split_key(key);
    if (context_.mirrors.endpoints.get(key))
      if (auto removed = context_.client->remove<core_v1::Endpoints>(ns, name);
          !removed && removed.error().code != Errc::not_found)
        return wrap("delete endpoints", removed.error());
    const std::lock_guard lock(mutex_);
    unseen_.erase(key);
    return Again{};
  }
  if (service->spec.selector.empty() || service->spec.type == "ExternalName" ||
      service->metadata.deletion_timestamp)
    return Again{};
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = unseen_.find(key); it != unseen_.end()) {
      std::erase_if(it->second, [&](const std::string& slice) {
        return context_.mirrors.slices.get(slice) != nullptr;
      });
      if (!it->second.empty()) return Again{kUntilSeen};
      unseen_.erase(it);
    }
  }
  std::vector<endpointslice::PodPtr> pods;
  for (const auto& pod : context_.mirrors.pods.by_index(kByNamespace, service->metadata.namespace_))
    if (chooses(*service, *pod)) pods.push_back(pod);
  NODAL_TRY(write_slices(*service, pods));
  NODAL_TRY(write_endpoints(*service, pods));
  return Again{};
}

Result<> EndpointSliceController::write_slices(const core_v1::Service& service,
                                               const std::vector<endpointslice::PodPtr>& pods) {
  const auto key = client::key_of(service);
  auto existing = context_.mirrors.slices.by_index(kByService, key);
  std::erase_if(existing, [](const auto& slice) { return !is_ours(slice->metadata); });
  const auto zone_of = [this](const std::string& name) -> std::string {
    const auto node = context_.mirrors.nodes.get(name);
    if (!node) return {};
    const auto it = node->metadata.labels.find("topology.kubernetes.io/zone");
    return it == node->metadata.labels.end() ? std::string() : it->second;
  };
  const auto plan = endpointslice::plan(service, pods, existing, zone_of);
  for (const auto& [before, after] : plan.change) {
    const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(*before), codec::encode(after)));
    if (patch == "{}") continue;
    NODAL_TRY(context_.client->patch<discovery_v1::EndpointSlice>(
        before->metadata.namespace_, before->metadata.name, client::PatchType::merge, patch));
  }
  for (const auto& slice : plan.create) {
    auto created = NODAL_TRY(context_.client->create(slice));
    const std::lock_guard lock(mutex_);
    unseen_[key].insert(client::key_of(created));
  }
  for (const auto& slice : plan.remove)
    if (auto removed = context_.client->remove<discovery_v1::EndpointSlice>(
            slice->metadata.namespace_, slice->metadata.name);
        !removed && removed.error().code != Errc::not_found)
      return wrap("delete endpoint slice", removed.error());
  return {};
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

}  // namespace nodal::master::controllers
