// master/controllers/node_lifecycle/controller.cc — see controller.h.
#include "master/controllers/node_lifecycle/controller.h"

#include "base/log.h"
#include "base/text.h"

namespace nodal::master::controllers {

// @source pod garbage collection of kube-controller-manager: 40 s before pods of a node that is not
// there go
constexpr std::chrono::seconds kQuarantine{40};

// One thread: ranges are given out one after another.
NodeLifecycleController::NodeLifecycleController(Context context, net::Cidr cluster_cidr)
    : Controller("node", std::move(context), 1), cluster_cidr_(cluster_cidr) {
  context_.mirrors.nodes.on_change(
      [this](const client::Change<core_v1::Node>& change) { wake(change.key); });
  context_.mirrors.leases.on_change([this](const client::Change<coordination_v1::Lease>& change) {
    // A renewal moves the time to look again; only the first and the last are news.
    if (!change.before || !change.after)
      wake((change.after ? change.after : change.before)->metadata.name);
  });
  context_.mirrors.pods.on_change([this](const client::Change<core_v1::Pod>& change) {
    if (change.after && !change.after->spec.node_name.empty() &&
        (!change.before || change.before->spec.node_name.empty() ||
         change.before->metadata.uid != change.after->metadata.uid))
      wake(change.after->spec.node_name);
  });
}

Result<> NodeLifecycleController::remove_orphans(const std::string& node) {
  for (const auto& pod : context_.mirrors.pods.by_index(kByNode, node)) {
    auto removed = context_.client->remove<core_v1::Pod>(
        pod->metadata.namespace_, pod->metadata.name,
        {.grace_period_seconds = 0, .uid = pod->metadata.uid});
    if (!removed && removed.error().code != Errc::not_found)
      return wrap("delete a pod of a node that is gone", removed.error());
  }
  return {};
}

Result<Again> NodeLifecycleController::reconcile(const std::string& key) {
  const auto node = context_.mirrors.nodes.get(key);
  if (!node) {
    tainted_.erase(key);
    // Ask the server itself: a pod may be bound to a node that this mirror does not have yet.
    auto fresh = context_.client->get<core_v1::Node>("", key);
    if (fresh || fresh.error().code != Errc::not_found ||
        context_.mirrors.pods.by_index(kByNode, key).empty()) {
      missing_.erase(key);
      return Again{};
    }
    // A node may register after its first pods: its system's own come early.
    const TimePoint since = missing_.try_emplace(key, context_.clock.now()).first->second;
    const auto left = since + kQuarantine - context_.clock.now();
    if (left > left.zero()) return Again{left};
    NODAL_TRY(remove_orphans(key));
    missing_.erase(key);
    return Again{};
  }
  missing_.erase(key);
  if (node->spec.pod_cidr.empty()) {
    const int length = cluster_cidr_.base().is_v6() ? 64 : 24;
    const auto cidr =
        node_lifecycle::free_pod_cidr(cluster_cidr_, length, context_.mirrors.nodes.all());
    if (!cidr) {
      record({"v1", "Node", "", node->metadata.name, node->metadata.uid, "", ""},
             client::EventType::warning, "CIDRNotAvailable",
             text::cat("No range of ", cluster_cidr_.text(), " is left for this node"));
      return fail(Errc::unavailable,
                  text::cat("no pod range is left in ", cluster_cidr_.text(), " for node ", key));
    }
    NODAL_TRY(context_.client->patch<core_v1::Node>(
        "", key, client::PatchType::merge,
        text::cat(R"({"metadata":{"resourceVersion":")", node->metadata.resource_version,
                  R"("},"spec":{"podCIDR":")", cidr->text(), R"(","podCIDRs":[")", cidr->text(),
                  R"("]}})")));
    return Again{};  // the mirror brings the node back with its range
  }
  std::optional<TimePoint> renewed;
  if (const auto lease = context_.mirrors.leases.get(client::object_key("kube-node-lease", key)))
    renewed = lease->spec.renew_time;
  const auto pods = context_.mirrors.pods.by_index(kByNode, key);
  const TimePoint now = context_.clock.now();
  auto& seen = tainted_[key];
  seen = node_lifecycle::taints_seen(*node, seen, now);
  const auto plan = node_lifecycle::plan(*node, renewed, pods, seen, now);
  if (!plan.conditions.empty()) {
    log::warn("a node is silent", {{"node", key}});
    auto after = *node;
    after.status.conditions = plan.conditions;
    NODAL_TRY(patch_status(*context_.client, *node, after));
    record({"v1", "Node", "", node->metadata.name, node->metadata.uid, "", ""},
           client::EventType::normal, "NodeNotReady",
           text::cat("Node ", key, " status is now: NodeNotReady"));
  }
  if (plan.taints) {
    auto after = *node;
    after.spec.taints = *plan.taints;
    const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(*node), codec::encode(after)));
    if (patch != "{}")
      NODAL_TRY(context_.client->patch<core_v1::Node>("", key, client::PatchType::merge, patch));
  }
  for (const auto& pod_key : plan.unready) {
    const auto pod = context_.mirrors.pods.get(pod_key);
    if (!pod) continue;
    auto after = *pod;
    for (auto& condition : after.status.conditions)
      if (condition.type == "Ready") {
        condition.status = "False";
        condition.last_transition_time = now;
      }
    NODAL_TRY(patch_status(*context_.client, *pod, after));
  }
  for (const auto& pod_key : plan.evict) {
    const auto [ns, name] = split_key(pod_key);
    const auto pod = context_.mirrors.pods.get(pod_key);
    if (!pod) continue;
    record({"v1", "Pod", ns, name, pod->metadata.uid, pod->metadata.resource_version, ""},
           client::EventType::normal, "TaintManagerEviction",
           text::cat("Marking for deletion Pod ", pod_key));
    if (auto removed = context_.client->remove<core_v1::Pod>(ns, name, {.uid = pod->metadata.uid});
        !removed && removed.error().code != Errc::not_found)
      return wrap("evict pod", removed.error());
  }
  if (plan.look_again)
    return Again{
        std::max<std::chrono::nanoseconds>(*plan.look_again - now, std::chrono::milliseconds(1))};
  return Again{};
}

}  // namespace nodal::master::controllers
