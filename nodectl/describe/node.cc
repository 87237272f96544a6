// nodectl/describe/node.cc — a Node, and what its pods ask of it.
#include <algorithm>
#include <boost/json/object.hpp>

#include "nodectl/describe/node_load.h"
#include "nodectl/describe/parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::string roles(const json::value& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::string out;
  const auto& labels = object_at(node, "metadata.labels");
  for (const auto& key : keys_of(labels)) {
    std::string role;
    if (key.starts_with(kPrefix)) role = key.substr(kPrefix.size());
    if (key == "kubernetes.io/role") role = text_of(labels.at(key));
    if (!role.empty()) out += text::cat(out.empty() ? "" : ",", role);
  }
  return or_none(out);
}

void taints(Page& page, const json::array& list) {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& taint : list) {
    const auto key = text_at(taint, "key"), value = text_at(taint, "value"),
               effect = text_at(taint, "effect");
    sorted.emplace_back(text::cat(effect, ",", key),
                        text::cat(key, value.empty() ? "" : "=", value, ":", effect));
  }
  std::ranges::sort(sorted);
  std::string_view lead = "Taints:\t";
  if (sorted.empty()) page.line(0, lead, "<none>");
  for (const auto& [order, text] : sorted) {
    page.line(0, lead, text);
    lead = "\t";
  }
}

void lease(Page& page, const Related& related) {
  if (related.lease.is_null())
    return page.line(0, "Lease:\tFailed to get lease: ", related.lease_error);
  const auto text = [&](std::string_view field) {
    const auto value = text_at(related.lease, field);
    return value.empty() ? std::string("<unset>") : value;
  };
  page.line(0, "Lease:");
  page.line(1, "HolderIdentity:\t", text("spec.holderIdentity"));
  page.line(1, "AcquireTime:\t", long_time(text("spec.acquireTime")));
  page.line(1, "RenewTime:\t", long_time(text("spec.renewTime")));
}

void conditions(Page& page, const json::array& list) {
  if (list.empty()) return;
  page.line(0, "Conditions:");
  page.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
  page.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
  for (const auto& item : list)
    page.line(1, text_at(item, "type"), " \t", text_at(item, "status"), " \t",
              time_or_zero(text_at(item, "lastHeartbeatTime")), " \t",
              time_or_zero(text_at(item, "lastTransitionTime")), " \t", text_at(item, "reason"),
              " \t", text_at(item, "message"));
}

void amounts(Page& page, std::string_view title, const json::object& list) {
  if (list.empty()) return;
  page.line(0, title, ":");
  for (const auto& name : keys_of(list)) page.line(1, name, ":\t", text_of(list.at(name)));
}

void system_facts(Page& page, const json::value& node) {
  page.line(0, "System Info:");
  for (const auto& [title, field] : {std::pair{"Machine ID", "machineID"},
                                     {"System UUID", "systemUUID"},
                                     {"Boot ID", "bootID"},
                                     {"Kernel Version", "kernelVersion"},
                                     {"OS Image", "osImage"},
                                     {"Operating System", "operatingSystem"},
                                     {"Architecture", "architecture"},
                                     {"Container Runtime Version", "containerRuntimeVersion"},
                                     {"Kubelet Version", "kubeletVersion"},
                                     {"Kube-Proxy Version", "kubeProxyVersion"}})
    page.line(1, title, ":\t", text_at(node, text::cat("status.nodeInfo.", field)));
}

}  // namespace

std::string describe_node(const json::value& node, const Related& related) {
  Page page;
  page.line(0, "Name:\t", text_at(node, "metadata.name"));
  page.line(0, "Roles:\t", roles(node));
  page.labels("", "Labels", object_at(node, "metadata.labels"));
  page.annotations("", "Annotations", object_at(node, "metadata.annotations"));
  page.line(0, "CreationTimestamp:\t", long_time(text_at(node, "metadata.creationTimestamp")));
  taints(page, list_at(node, "spec.taints"));
  page.line(0, "Unschedulable:\t", bool_at(node, "spec.unschedulable") ? "true" : "false");
  lease(page, related);
  conditions(page, list_at(node, "status.conditions"));
  page.line(0, "Addresses:");
  for (const auto& address : list_at(node, "status.addresses"))
    page.line(1, text_at(address, "type"), ":\t", text_at(address, "address"));
  amounts(page, "Capacity", object_at(node, "status.capacity"));
  amounts(page, "Allocatable", object_at(node, "status.allocatable"));
  system_facts(page, node);
  if (const auto cidr = text_at(node, "spec.podCIDR"); !cidr.empty())
    page.line(0, "PodCIDR:\t", cidr);
  std::string cidrs;
  for (const auto& cidr : list_at(node, "spec.podCIDRs"))
    cidrs += text::cat(cidrs.empty() ? "" : ",", text_of(cidr));
  if (!cidrs.empty()) page.line(0, "PodCIDRs:\t", cidrs);
  if (const auto provider = text_at(node, "spec.providerID"); !provider.empty())
    page.line(0, "ProviderID:\t", provider);
  describe_load(page, node, related);
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
