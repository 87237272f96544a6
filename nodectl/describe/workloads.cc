// nodectl/describe/workloads.cc — Deployments and ReplicaSets.
#include <boost/json/object.hpp>

#include "nodectl/describe/describe.h"
#include "nodectl/describe/parts.h"
#include "nodectl/describe/pod_parts.h"
#include "nodectl/document.h"
#include "nodectl/rollout/history.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::string created_text(const std::vector<const json::value*>& sets) {
  std::string out;
  for (const auto* set : sets)
    out += text::cat(out.empty() ? "" : ", ", text_at(*set, "metadata.name"), " (",
                     int_at(*set, "status.replicas"), "/", int_at(*set, "spec.replicas"),
                     " replicas created)");
  return or_none(out);
}

std::string selector_of(const json::value& object) {
  const auto* selector = find(object, "spec.selector");
  return selector == nullptr ? "<none>" : or_none(selector_text(*selector));
}

}  // namespace

std::string describe_deployment(const json::value& object, const Related& related) {
  Page page;
  page.line(0, "Name:\t", text_at(object, "metadata.name"));
  page.line(0, "Namespace:\t", text_at(object, "metadata.namespace"));
  page.line(0, "CreationTimestamp:\t", long_time(text_at(object, "metadata.creationTimestamp")));
  page.labels("", "Labels", object_at(object, "metadata.labels"));
  page.annotations("", "Annotations", object_at(object, "metadata.annotations"));
  page.line(0, "Selector:\t", selector_of(object));
  page.line(0, "Replicas:\t", int_at(object, "spec.replicas"), " desired | ",
            int_at(object, "status.updatedReplicas"), " updated | ",
            int_at(object, "status.replicas"), " total | ",
            int_at(object, "status.availableReplicas"), " available | ",
            int_at(object, "status.unavailableReplicas"), " unavailable");
  page.line(0, "StrategyType:\t", text_at(object, "spec.strategy.type"));
  page.line(0, "MinReadySeconds:\t", int_at(object, "spec.minReadySeconds"));
  if (const auto* rolling = find(object, "spec.strategy.rollingUpdate"))
    page.line(0, "RollingUpdateStrategy:\t", text_at(*rolling, "maxUnavailable"),
              " max unavailable, ", text_at(*rolling, "maxSurge"), " max surge");
  if (const auto* pod_template = find(object, "spec.template"))
    describe_template(page, *pod_template);
  describe_conditions(page, list_at(object, "status.conditions"));
  std::vector<const json::value*> old, current;
  for (const auto& set : related.replica_sets)
    if (same_template(set, object))
      current.push_back(&set);
    else if (int_at(set, "spec.replicas") > 0)
      old.push_back(&set);
  page.line(0, "OldReplicaSets:\t", created_text(old));
  page.line(0, "NewReplicaSet:\t", created_text(current));
  describe_events(page, related);
  return page.text();
}

std::string describe_replica_set(const json::value& object, const Related& related) {
  Page page;
  page.line(0, "Name:\t", text_at(object, "metadata.name"));
  page.line(0, "Namespace:\t", text_at(object, "metadata.namespace"));
  page.line(0, "Selector:\t", selector_of(object));
  page.labels("", "Labels", object_at(object, "metadata.labels"));
  page.annotations("", "Annotations", object_at(object, "metadata.annotations"));
  describe_controller(page, object);
  page.line(0, "Replicas:\t", int_at(object, "status.replicas"), " current / ",
            int_at(object, "spec.replicas"), " desired");
  int running = 0, waiting = 0, succeeded = 0, failed = 0;
  const auto uid = text_at(object, "metadata.uid");
  for (const auto& pod : related.pods) {
    const auto& owners = list_at(pod, "metadata.ownerReferences");
    if (!std::ranges::any_of(owners, [&](const auto& o) { return text_at(o, "uid") == uid; }))
      continue;
    const auto phase = text_at(pod, "status.phase");
    ++(phase == "Running"     ? running
       : phase == "Succeeded" ? succeeded
       : phase == "Failed"    ? failed
                              : waiting);
  }
  page.line(0, "Pods Status:\t", running, " Running / ", waiting, " Waiting / ", succeeded,
            " Succeeded / ", failed, " Failed");
  if (const auto* pod_template = find(object, "spec.template"))
    describe_template(page, *pod_template);
  describe_conditions(page, list_at(object, "status.conditions"));
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
