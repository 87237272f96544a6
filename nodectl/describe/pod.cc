// nodectl/describe/pod.cc — a pod.
#include <boost/json/object.hpp>

#include "api-client/codec/time.h"
#include "nodectl/describe/describe.h"
#include "nodectl/describe/parts.h"
#include "nodectl/describe/pod_parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

void status(Page& page, const json::value& pod, TimePoint now) {
  const auto phase = text_at(pod, "status.phase");
  const auto ended_at = text_at(pod, "metadata.deletionTimestamp");
  if (!ended_at.empty() && phase != "Failed" && phase != "Succeeded") {
    page.line(0, "Status:\tTerminating (lasts ", age_of(ended_at, now), ")");
    page.line(0, "Termination Grace Period:\t", int_at(pod, "metadata.deletionGracePeriodSeconds"),
              "s");
  } else {
    page.line(0, "Status:\t", phase);
  }
  for (const auto& [title, field] :
       {std::pair{"Reason:\t", "status.reason"}, {"Message:\t", "status.message"}})
    if (const auto text = text_at(pod, field); !text.empty()) page.line(0, title, text);
  if (const auto profile = text_at(pod, "spec.securityContext.seccompProfile.type");
      !profile.empty())
    page.line(0, "SeccompProfile:\t", profile);
}

void addresses(Page& page, const json::value& pod) {
  page.line(0, "IP:\t", text_at(pod, "status.podIP"));
  const auto& list = list_at(pod, "status.podIPs");
  page.line(0, "IPs:", list.empty() ? "\t<none>" : "");
  for (const auto& address : list) page.line(1, "IP:\t", text_at(address, "ip"));
}

}  // namespace

std::string describe_pod(const json::value& pod, const Related& related) {
  Page page;
  page.line(0, "Name:\t", text_at(pod, "metadata.name"));
  page.line(0, "Namespace:\t", text_at(pod, "metadata.namespace"));
  for (const auto& [title, field] : {std::pair{"Priority:\t", "spec.priority"},
                                     {"Priority Class Name:\t", "spec.priorityClassName"},
                                     {"Runtime Class Name:\t", "spec.runtimeClassName"},
                                     {"Service Account:\t", "spec.serviceAccountName"}})
    if (const auto text = text_at(pod, field); !text.empty()) page.line(0, title, text);
  const auto node = text_at(pod, "spec.nodeName");
  page.line(0, "Node:\t",
            node.empty() ? "<none>" : text::cat(node, "/", text_at(pod, "status.hostIP")));
  if (const auto start = text_at(pod, "status.startTime"); !start.empty())
    page.line(0, "Start Time:\t", long_time(start));
  page.labels("", "Labels", object_at(pod, "metadata.labels"));
  page.annotations("", "Annotations", object_at(pod, "metadata.annotations"));
  status(page, pod, related.now);
  addresses(page, pod);
  describe_controller(page, pod);
  if (const auto nominated = text_at(pod, "status.nominatedNodeName"); !nominated.empty())
    page.line(0, "NominatedNodeName:\t", nominated);
  if (const auto& first = list_at(pod, "spec.initContainers"); !first.empty())
    describe_containers(page, "Init Containers", first,
                        list_at(pod, "status.initContainerStatuses"), &pod, "");
  describe_containers(page, "Containers", list_at(pod, "spec.containers"),
                      list_at(pod, "status.containerStatuses"), &pod, "");
  if (const auto& added = list_at(pod, "spec.ephemeralContainers"); !added.empty())
    describe_containers(page, "Ephemeral Containers", added,
                        list_at(pod, "status.ephemeralContainerStatuses"), &pod, "");
  if (const auto& gates = list_at(pod, "spec.readinessGates"); !gates.empty()) {
    page.line(0, "Readiness Gates:");
    page.line(1, "Type\tStatus");
    for (const auto& gate : gates) {
      const auto type = text_at(gate, "conditionType");
      std::string value = "<none>";
      for (const auto& condition : list_at(pod, "status.conditions"))
        if (text_at(condition, "type") == type) value = text_at(condition, "status");
      page.line(1, type, " \t", value, " ");
    }
  }
  if (const auto& conditions = list_at(pod, "status.conditions"); !conditions.empty()) {
    page.line(0, "Conditions:");
    page.line(1, "Type\tStatus");
    for (const auto& condition : conditions)
      page.line(1, text_at(condition, "type"), " \t", text_at(condition, "status"), " ");
  }
  describe_volumes(page, list_at(pod, "spec.volumes"), "");
  page.line(0, "QoS Class:\t", text_at(pod, "status.qosClass"));
  page.labels("", "Node-Selectors", object_at(pod, "spec.nodeSelector"));
  describe_tolerations(page, list_at(pod, "spec.tolerations"), "");
  describe_spread(page, list_at(pod, "spec.topologySpreadConstraints"), "");
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
