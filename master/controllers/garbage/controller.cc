// master/controllers/garbage/controller.cc — see controller.h.
#include "master/controllers/garbage/controller.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/log.h"
#include "base/text.h"

namespace nodal::master::controllers {
namespace {

// Deletions wait for the disk: several share a commit.
constexpr int kWriters = 8;
// Uids are never used again, so an owner once gone stays gone; this many are remembered.
constexpr std::size_t kAbsent = 1000;

// The kinds that may own: those that the graph follows.
const ResourceName* resource_of(std::string_view api_version, std::string_view kind) {
  static constexpr const ResourceName* kKinds[] = {&core_v1::Pod::kResource,
                                                   &core_v1::Service::kResource,
                                                   &core_v1::Node::kResource,
                                                   &core_v1::ConfigMap::kResource,
                                                   &core_v1::Secret::kResource,
                                                   &core_v1::ServiceAccount::kResource,
                                                   &core_v1::Endpoints::kResource,
                                                   &core_v1::Namespace::kResource,
                                                   &apps_v1::Deployment::kResource,
                                                   &apps_v1::ReplicaSet::kResource,
                                                   &discovery_v1::EndpointSlice::kResource,
                                                   &coordination_v1::Lease::kResource,
                                                   &networking_v1::Ingress::kResource,
                                                   &networking_v1::IngressClass::kResource};
  for (const auto* resource : kKinds)
    if (resource->api_version() == api_version && resource->kind == kind) return resource;
  return nullptr;
}

}  // namespace

GarbageController::GarbageController(Context context)
    : Controller("garbage", std::move(context), kWriters) {
  auto& mirrors = context_.mirrors;
  follow(mirrors.pods);
  follow(mirrors.services);
  follow(mirrors.nodes);
  follow(mirrors.namespaces);
  follow(mirrors.service_accounts);
  follow(mirrors.endpoints);
  follow(mirrors.slices);
  follow(mirrors.leases);
  follow(mirrors.config_maps);
  follow(mirrors.secrets);
  follow(mirrors.replica_sets);
  follow(mirrors.deployments);
  follow(mirrors.ingresses);
  follow(mirrors.ingress_classes);
}

template <class T>
void GarbageController::follow(client::Mirror<T>& mirror) {
  mirror.on_change([this](const client::Change<T>& change) {
    changed(T::kResource, change.before ? &change.before->metadata : nullptr,
            change.after ? &change.after->metadata : nullptr);
  });
}

void GarbageController::changed(const ResourceName& resource, const meta_v1::ObjectMeta* before,
                                const meta_v1::ObjectMeta* after) {
  // Status changes are most of all changes, and none of ours.
  if (before != nullptr && after != nullptr && before->uid == after->uid &&
      before->owner_references == after->owner_references &&
      before->finalizers == after->finalizers &&
      before->deletion_timestamp.has_value() == after->deletion_timestamp.has_value())
    return;
  std::vector<std::string> woken;
  {
    const std::lock_guard lock(mutex_);
    const auto wake_around = [&](const std::string& uid) {
      if (const auto* node = graph_.find(uid))
        for (const auto& owner : node->owners) woken.push_back(owner.uid);
      for (auto& dependent : graph_.dependents(uid)) woken.push_back(std::move(dependent));
    };
    if (before != nullptr && (after == nullptr || before->uid != after->uid)) {
      wake_around(before->uid);
      graph_.remove(before->uid);
      remember_absent(before->uid);
    }
    if (after != nullptr) {
      wake_around(after->uid);  // an owner that it no longer has may have waited for it
      if (graph_.put(garbage::node_of(resource, *after))) {
        wake_around(after->uid);
        woken.push_back(after->uid);
      }
    }
  }
  for (const auto& uid : woken) wake(uid);
}

void GarbageController::remember_absent(const std::string& uid) {
  if (!absent_.insert(uid).second) return;
  absent_order_.push_back(uid);
  if (absent_order_.size() <= kAbsent) return;
  absent_.erase(absent_order_.front());
  absent_order_.pop_front();
}

Result<bool> GarbageController::is_gone(const garbage::Owner& owner, const std::string& ns) {
  const auto* resource = resource_of(owner.api_version, owner.kind);
  // A kind that this server does not have may be another's: its dependents are left alone.
  if (resource == nullptr || (resource->namespaced && ns.empty())) return false;
  const auto body = context_.client->get_text(client::Client::path(*resource, ns, owner.name));
  if (!body) {
    if (body.error().code == Errc::not_found) return true;
    return std::unexpected(body.error());
  }
  boost::system::error_code error;
  const auto there = boost::json::parse(*body, error);
  const auto* found = error ? nullptr : there.find_pointer("/metadata/uid", error);
  if (found == nullptr || !found->is_string())
    return fail(Errc::internal, text::cat("owner ", owner.name, ": no uid in the answer"));
  return found->get_string() != owner.uid;
}

Result<> GarbageController::remove(const garbage::Node& node, std::string_view policy) {
  auto removed =
      context_.client->delete_path(client::Client::path(node.resource, node.namespace_, node.name),
                                   {.uid = node.uid, .propagation_policy = std::string(policy)});
  // Gone, or another of that name.
  if (!removed && removed.error().code != Errc::not_found && removed.error().code != Errc::conflict)
    return wrap(text::cat("delete ", node.resource.kind, " ", node.name), removed.error());
  return {};
}

Result<> GarbageController::patch(const garbage::Node& node, std::string_view metadata) {
  auto patched = context_.client->patch_text(
      client::Client::path(node.resource, node.namespace_, node.name), client::PatchType::strategic,
      text::cat(R"({"metadata":{"uid":")", node.uid, R"(",)", metadata, "}}"));
  if (!patched && patched.error().code != Errc::not_found && patched.error().code != Errc::conflict)
    return wrap(text::cat("patch ", node.resource.kind, " ", node.name), patched.error());
  return {};
}

Result<Again> GarbageController::reconcile(const std::string& uid) {
  garbage::Node node;
  garbage::Work work;
  {
    const std::lock_guard lock(mutex_);
    const auto* found = graph_.find(uid);
    if (found == nullptr) return Again{};
    node = *found;
    work = graph_.work(uid, absent_);
  }
  if (!work.verify.empty()) {
    bool news = false;
    for (const auto& owner : work.verify)
      if (NODAL_TRY(is_gone(owner, node.namespace_))) {
        const std::lock_guard lock(mutex_);
        remember_absent(owner.uid);
        news = true;
      }
    if (news) return Again{std::chrono::nanoseconds(1)};
  }
  const auto release = [&](const garbage::Node& dependent, const std::string& owner) {
    return patch(dependent,
                 text::cat(R"("ownerReferences":[{"$patch":"delete","uid":")", owner, R"("}])"));
  };
  for (const auto& dependent : work.let_go) NODAL_TRY(release(dependent, uid));
  for (const auto& owner : work.drop_owners) NODAL_TRY(release(node, owner));
  for (const auto& owner : work.unblock)
    NODAL_TRY(patch(node, text::cat(R"("ownerReferences":[{"uid":")", owner,
                                    R"(","blockOwnerDeletion":false}])")));
  if (work.drop_orphan)
    NODAL_TRY(patch(node, R"("$deleteFromPrimitiveList/finalizers":["orphan"])"));
  if (work.drop_foreground)
    NODAL_TRY(patch(node, R"("$deleteFromPrimitiveList/finalizers":["foregroundDeletion"])"));
  if (work.removal != garbage::Work::Removal::none)
    NODAL_TRY(remove(
        node, work.removal == garbage::Work::Removal::foreground ? "Foreground" : "Background"));
  return Again{};
}

}  // namespace nodal::master::controllers
