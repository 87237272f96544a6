// master/controllers/deployment/controller.cc — see controller.h.
#include "master/controllers/deployment/controller.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api-client/client/selects.h"
#include "base/text.h"
#include "master/controllers/deployment/status.h"

namespace nodal::master::controllers {
namespace {

client::EventTarget target_of(const apps_v1::Deployment& deployment) {
  const auto& m = deployment.metadata;
  return {"apps/v1", "Deployment", m.namespace_, m.name, m.uid, m.resource_version, ""};
}

boost::json::object annotation_values(const std::map<std::string, std::string>& annotations) {
  boost::json::object values;
  for (const auto& [key, value] : annotations) values[key] = value;
  return values;
}

std::string annotation_patch(const std::map<std::string, std::string>& annotations) {
  return boost::json::serialize(boost::json::object{
      {"metadata", boost::json::object{{"annotations", annotation_values(annotations)}}}});
}

}  // namespace

DeploymentController::DeploymentController(Context context)
    : Controller("deployment", std::move(context), 2) {
  context_.mirrors.deployments.on_change(
      [this](const client::Change<apps_v1::Deployment>& change) { wake(change.key); });
  context_.mirrors.replica_sets.on_change(
      [this](const client::Change<apps_v1::ReplicaSet>& change) {
        for (const auto& set : {change.before, change.after}) {
          if (!set) continue;
          for (const auto& owner : set->metadata.owner_references)
            if (owner.controller.value_or(false) && owner.kind == "Deployment")
              wake(client::object_key(set->metadata.namespace_, owner.name));
        }
      });
}

Result<Again> DeploymentController::reconcile(const std::string& key) {
  const auto deployment = context_.mirrors.deployments.get(key);
  if (!deployment) return Again{};
  const auto& ns = deployment->metadata.namespace_;
  auto sets = context_.mirrors.replica_sets.by_index(kByController, deployment->metadata.uid);
  // Orphans that the selector chooses become ours.
  if (deployment->spec.selector && !deployment->metadata.deletion_timestamp) {
    for (const auto& set : context_.mirrors.replica_sets.by_index(kByNamespace, ns)) {
      if (!controller_uid(set->metadata).empty() || set->metadata.deletion_timestamp ||
          !client::selects(*deployment->spec.selector, set->metadata.labels))
        continue;
      NODAL_TRY(context_.client->patch<apps_v1::ReplicaSet>(
          ns, set->metadata.name, client::PatchType::strategic,
          text::cat(R"({"metadata":{"uid":")", set->metadata.uid,
                    R"(","ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":")",
                    deployment->metadata.name, R"(","uid":")", deployment->metadata.uid,
                    R"(","controller":true,"blockOwnerDeletion":true}]}})")));
      return Again{};  // the mirror brings it back as ours
    }
  }
  const TimePoint now = context_.clock.now();
  const auto plan = deployment::plan(*deployment, sets, now);

  if (plan.create) {
    auto created = context_.client->create(*plan.create);
    const auto replicas = plan.create->spec.replicas.value_or(0);
    if (created) {
      if (replicas > 0)
        record(target_of(*deployment), client::EventType::normal, "ScalingReplicaSet",
               text::cat("Scaled up replica set ", plan.create->metadata.name, " from 0 to ",
                         replicas));
    } else if (created.error().code == Errc::already_exists) {
      const auto there = context_.client->get<apps_v1::ReplicaSet>(ns, plan.create->metadata.name);
      if (!there) return std::unexpected(there.error());
      if (!is_controlled_by(there->metadata, deployment->metadata.uid)) {
        // Somebody else's, or what a Deployment of this name has left: the next try has another
        // name.
        auto after = *deployment;
        after.status.collision_count = deployment->status.collision_count.value_or(0) + 1;
        NODAL_TRY(patch_status(*context_.client, *deployment, after));
        return Again{};
      }
    } else {
      const auto message = text::cat("Failed to create new replica set \"",
                                     plan.create->metadata.name, "\": ", created.error().message);
      record(target_of(*deployment), client::EventType::warning, "ReplicaSetCreateError", message);
      auto after = *deployment;
      deployment::tell_failed_creation(*deployment, after.status, message, now);
      NODAL_TRY(patch_status(*context_.client, *deployment, after));
      return wrap("create replica set", created.error());
    }
  }
  for (const auto& [set, replicas] : plan.scale) {
    const auto before = set->spec.replicas.value_or(1);
    NODAL_TRY(context_.client->patch<apps_v1::ReplicaSet>(
        ns, set->metadata.name, client::PatchType::merge,
        boost::json::serialize(boost::json::object{
            {"metadata",
             boost::json::object{
                 {"uid", set->metadata.uid},
                 {"resourceVersion", set->metadata.resource_version},
                 {"annotations", annotation_values(deployment::size_annotations(*deployment))}}},
            {"spec", boost::json::object{{"replicas", replicas}}}})));
    record(target_of(*deployment), client::EventType::normal, "ScalingReplicaSet",
           text::cat("Scaled ", replicas > before ? "up" : "down", " replica set ",
                     set->metadata.name, " from ", before, " to ", replicas));
  }
  if (plan.settle)
    NODAL_TRY(context_.client->patch<apps_v1::ReplicaSet>(
        ns, plan.settle->metadata.name, client::PatchType::merge,
        text::cat(R"({"metadata":{"uid":")", plan.settle->metadata.uid,
                  R"("},"spec":{"minReadySeconds":)", deployment->spec.min_ready_seconds, "}}")));
  for (const auto& [name, annotations] : plan.annotate) {
    if (name.empty()) {
      NODAL_TRY(context_.client->patch<apps_v1::Deployment>(
          ns, deployment->metadata.name, client::PatchType::merge, annotation_patch(annotations)));
    } else {
      NODAL_TRY(context_.client->patch<apps_v1::ReplicaSet>(ns, name, client::PatchType::merge,
                                                            annotation_patch(annotations)));
    }
  }
  for (const auto& set : plan.remove)
    if (auto removed = context_.client->remove<apps_v1::ReplicaSet>(ns, set->metadata.name,
                                                                    {.uid = set->metadata.uid});
        !removed && removed.error().code != Errc::not_found)
      return wrap("delete old replica set", removed.error());
  if (plan.status) {
    auto after = *deployment;
    after.status = *plan.status;
    NODAL_TRY(patch_status(*context_.client, *deployment, after));
  }
  if (plan.look_again)
    return Again{
        std::max<std::chrono::nanoseconds>(*plan.look_again - now, std::chrono::milliseconds(1))};
  return Again{};
}

}  // namespace nodal::master::controllers
