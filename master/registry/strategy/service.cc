// master/registry/strategy/service.cc — Services: defaults by type, what an update keeps, what it
// may not change.
#include <set>

#include "api-client/codec/names.h"
#include "master/registry/strategy/labels.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

bool has_address(const json::object& spec) { return string_in(spec, "type") != "ExternalName"; }
bool has_node_ports(const json::object& spec) {
  return string_in(spec, "type") == "NodePort" || string_in(spec, "type") == "LoadBalancer";
}

void default_service(json::object& service) {
  auto* spec = object_in(service, "spec");
  if (!spec) return;
  if (auto* ports = list_in(*spec, "ports"))
    for (auto& item : *ports) {
      auto* port = item.if_object();
      if (!port || !port->contains("port")) continue;
      const auto target = int_in(*port, "targetPort");
      if (!port->contains("targetPort") || target == 0 ||
          (port->at("targetPort").is_string() && string_in(*port, "targetPort").empty()))
        (*port)["targetPort"] = port->at("port");
    }
  if (string_in(*spec, "sessionAffinity") == "ClientIP") {
    auto& client = object_of(object_of(*spec, "sessionAffinityConfig"), "clientIP");
    default_to(client, "timeoutSeconds", 10800);
  } else {
    spec->erase("sessionAffinityConfig");
  }
  if (has_address(*spec)) default_to(*spec, "internalTrafficPolicy", "Cluster");
  if (string_in(*spec, "externalTrafficPolicy").empty()) {
    if (has_node_ports(*spec))
      (*spec)["externalTrafficPolicy"] = "Cluster";
    else
      spec->erase("externalTrafficPolicy");
  }
  if (string_in(*spec, "type") == "LoadBalancer")
    default_to(*spec, "allocateLoadBalancerNodePorts", true);
  object_of(object_of(service, "status"), "loadBalancer");
}

// What was allocated stays, where the client leaves it out.
void keep_allocated(json::object& service, const json::object& old) {
  auto* spec = object_in(service, "spec");
  const auto* before = object_in(old, "spec");
  if (!spec || !before) return;
  if (!has_address(*spec) && string_in(*spec, "type") == "ExternalName") {
    for (const std::string_view key :
         {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"})
      if (const auto* now = spec->if_contains(key);
          now && before->contains(key) && *now == before->at(key))
        spec->erase(key);
  } else if (string_in(*before, "type") != "ExternalName") {
    if (string_in(*spec, "clusterIP").empty()) carry(*spec, *before, "clusterIP");
    const auto* addresses = list_in(*spec, "clusterIPs");
    if (!addresses || addresses->empty()) {
      if (string_in(*spec, "clusterIP") == string_in(*before, "clusterIP"))
        carry(*spec, *before, "clusterIPs");
    }
    for (const std::string_view key : {"ipFamilies", "ipFamilyPolicy"})
      if (!spec->contains(key)) carry(*spec, *before, key);
  }
  auto* ports = list_in(*spec, "ports");
  const auto* old_ports = list_in(*before, "ports");
  if (!ports || !old_ports) return;
  for (auto& item : *ports) {
    auto* port = item.if_object();
    if (!port) continue;
    for (const auto& other : *old_ports) {
      const auto* was = other.if_object();
      if (!was || int_in(*was, "port") != int_in(*port, "port") ||
          string_in(*was, "protocol") !=
              (port->contains("protocol") ? string_in(*port, "protocol") : std::string_view("TCP")))
        continue;
      if (has_node_ports(*spec) && int_in(*port, "nodePort").value_or(0) == 0 &&
          has_node_ports(*before))
        carry(*port, *was, "nodePort");
      // Back from NodePort: the port that nobody asked to keep goes.
      if (!has_node_ports(*spec) && has_node_ports(*before) &&
          int_in(*port, "nodePort") == int_in(*was, "nodePort"))
        port->erase("nodePort");
    }
  }
  if (!has_node_ports(*spec) && has_node_ports(*before)) spec->erase("externalTrafficPolicy");
}

void validate_service(const json::object& service, FieldErrors& errors) {
  const auto* spec = object_in(service, "spec");
  if (!spec) return;
  Report report(errors);
  const bool headless = string_in(*spec, "clusterIP") == "None";
  const auto* ports = list_in(*spec, "ports");
  if (string_in(*spec, "type") == "ExternalName") {
    const auto name = string_in(*spec, "externalName");
    if (name.empty())
      report.required("spec.externalName");
    else if (const auto why = names::dns_subdomain(name); !why.empty())
      report.invalid("spec.externalName", name, why);
  } else if (!headless && (!ports || ports->empty())) {
    errors.push_back({"FieldValueRequired", "spec.ports", "Required value"});
  }
  if (headless && has_node_ports(*spec))
    errors.push_back({"FieldValueInvalid", "spec.clusterIPs[0]",
                      text::cat("Invalid value: \"None\": may not be set to 'None' for ",
                                string_in(*spec, "type"), " services")});
  // @source CVE-2020-8554: whoever may write a Service could take over any address
  if (const auto* addresses = list_in(*spec, "externalIPs"); addresses && !addresses->empty())
    errors.push_back(
        {"FieldValueForbidden", "spec.externalIPs",
         "Forbidden: externalIPs are not served here; use type NodePort or an Ingress"});
  if (const auto policy = string_in(*spec, "externalTrafficPolicy");
      !policy.empty() && !has_node_ports(*spec))
    report.invalid("spec.externalTrafficPolicy", policy,
                   "may only be set for externally-accessible services");
  if (const auto* selector = object_in(*spec, "selector"))
    validate_labels(*selector, "spec.selector", errors);
  if (!ports) return;
  std::set<std::string> taken, fronts, node_ports;
  for (std::size_t i = 0; i < ports->size(); ++i) {
    const auto* port = (*ports)[i].if_object();
    if (!port) continue;
    const auto at = text::cat("spec.ports[", i, "]");
    const auto name = string_in(*port, "name");
    if (name.empty() && ports->size() > 1)
      errors.push_back({"FieldValueRequired", at + ".name", "Required value"});
    if (!name.empty() && !taken.emplace(name).second)
      errors.push_back(
          {"FieldValueDuplicate", at + ".name", text::cat("Duplicate value: ", quoted(name))});
    const auto front =
        text::cat(int_in(*port, "port").value_or(0), "/", string_in(*port, "protocol"));
    if (!fronts.insert(front).second)
      errors.push_back(
          {"FieldValueDuplicate", at, text::cat("Duplicate value: ", json::serialize(*port))});
    const auto node_port = int_in(*port, "nodePort").value_or(0);
    if (node_port != 0 && !has_node_ports(*spec))
      errors.push_back({"FieldValueForbidden", at + ".nodePort",
                        "Forbidden: may not be used when `type` is 'ClusterIP'"});
    if (node_port != 0 &&
        !node_ports.insert(text::cat(node_port, "/", string_in(*port, "protocol"))).second)
      errors.push_back(
          {"FieldValueDuplicate", at + ".nodePort", text::cat("Duplicate value: ", node_port)});
    if (port->contains("targetPort")) check_port(*port, "targetPort", at + ".targetPort", report);
  }
}

void validate_service_change(const json::object& service, const json::object& old,
                             FieldErrors& errors) {
  const auto* spec = object_in(service, "spec");
  const auto* before = object_in(old, "spec");
  if (!spec || !before || !has_address(*spec) || !has_address(*before)) return;
  const auto was = string_in(*before, "clusterIP");
  if (was.empty() || was == string_in(*spec, "clusterIP")) return;
  errors.push_back({"FieldValueInvalid", "spec.clusterIPs[0]",
                    text::cat("Invalid value: []string{", quoted(string_in(*spec, "clusterIP")),
                              "}: may not change once set")});
}

void validate_service_status(const json::object& service, FieldErrors& errors) {
  const auto* status = object_in(service, "status");
  const auto* balancer = status ? object_in(*status, "loadBalancer") : nullptr;
  const auto* ingress = balancer ? list_in(*balancer, "ingress") : nullptr;
  if (!ingress) return;
  for (std::size_t i = 0; i < ingress->size(); ++i)
    if (const auto* one = (*ingress)[i].if_object(); one && !string_in(*one, "ip").empty())
      validate_endpoint_ip(string_in(*one, "ip"),
                           text::cat("status.loadBalancer.ingress[", i, "].ip"), errors);
}

}  // namespace

const Strategy kServiceStrategy{default_service,         nullptr,
                                keep_allocated,          validate_service,
                                validate_service_change, validate_service_status};

}  // namespace nodal::master
