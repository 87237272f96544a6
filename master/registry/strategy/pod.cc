// master/registry/strategy/pod.cc — Pods and pod templates: defaults between fields, QoS;
// pod_change.cc has what may change.
#include <algorithm>

#include "api-client/codec/quantity.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::string_view kContainerLists[] = {"initContainers", "containers",
                                                "ephemeralContainers"};

// Always for ":latest" and for no tag at all.
std::string_view pull_policy(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return "IfNotPresent";
  const auto slash = image.rfind('/');
  const auto last = slash == std::string_view::npos ? image : image.substr(slash + 1);
  const auto colon = last.find(':');
  return colon == std::string_view::npos || last.substr(colon + 1) == "latest" ? "Always"
                                                                               : "IfNotPresent";
}

template <class Call>
void each_container(json::object& spec, Call call) {
  for (const auto list : kContainerLists)
    if (auto* containers = list_in(spec, list))
      for (auto& item : *containers)
        if (auto* container = item.if_object()) call(*container, list);
}

// What a change of a resource that the container asks for does to it: no restart.
// @source KEP-1287
void default_resize_policy(json::object& container) {
  const auto* resources = object_in(container, "resources");
  const auto* requests = resources ? object_in(*resources, "requests") : nullptr;
  if (!requests) return;
  for (const std::string_view resource : {"cpu", "memory"}) {
    if (!requests->contains(resource)) continue;
    auto& value = container["resizePolicy"];
    auto& policies = value.is_array() ? value.get_array() : value.emplace_array();
    const bool said = std::ranges::any_of(policies, [&](const json::value& policy) {
      return policy.is_object() && string_in(policy.get_object(), "resourceName") == resource;
    });
    if (!said)
      policies.push_back(
          json::object{{"resourceName", resource}, {"restartPolicy", "NotRequired"}});
  }
}

void default_pod(json::object& pod) {
  auto* spec = object_in(pod, "spec");
  if (!spec) return;
  default_pod_spec(*spec);
  default_to(*spec, "enableServiceLinks", true);
  const bool host_network = bool_in(*spec, "hostNetwork");
  each_container(*spec, [&](json::object& container, std::string_view list) {
    if (auto* resources = object_in(container, "resources"))
      if (const auto* limits = object_in(*resources, "limits"); limits && !limits->empty()) {
        const json::object copy = *limits;
        auto& requests = object_of(*resources, "requests");
        for (const auto& [key, value] : copy) default_to(requests, view(key), value);
      }
    if (list != "ephemeralContainers") default_resize_policy(container);
    if (!host_network) return;
    if (auto* ports = list_in(container, "ports"))
      for (auto& item : *ports)
        if (auto* port = item.if_object();
            port && port->contains("containerPort") && int_in(*port, "hostPort").value_or(0) == 0)
          (*port)["hostPort"] = port->at("containerPort");
  });
}

std::string qos_class(const json::object& spec) {
  bool any = false, guaranteed = true;
  for (const std::string_view list : {"initContainers", "containers"}) {
    const auto* containers = list_in(spec, list);
    if (!containers) continue;
    for (const auto& item : *containers) {
      const auto* container = item.if_object();
      const auto* resources = container ? object_in(*container, "resources") : nullptr;
      const auto* limits = resources ? object_in(*resources, "limits") : nullptr;
      const auto* requests = resources ? object_in(*resources, "requests") : nullptr;
      for (const std::string_view resource : {"cpu", "memory"}) {
        const auto quantity = [&](const json::object* from) {
          return from ? Quantity::parse(string_in(*from, resource)).value_or(Quantity())
                      : Quantity();
        };
        const Quantity limit = quantity(limits), request = quantity(requests);
        if (!limit.is_zero() || !request.is_zero()) any = true;
        if (limit.is_zero() || (!request.is_zero() && request != limit)) guaranteed = false;
      }
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

void prepare_pod(json::object& pod) {
  json::object status{{"phase", "Pending"}};
  if (const auto* spec = object_in(pod, "spec")) status["qosClass"] = qos_class(*spec);
  pod["status"] = std::move(status);
}

void validate_pod(const json::object& pod, FieldErrors& errors) {
  const auto* spec = object_in(pod, "spec");
  if (!spec) return errors.push_back({"FieldValueRequired", "spec.containers", "Required value"});
  validate_pod_spec(*spec, "spec", errors);
  Report report(errors);
  for (const auto list : kContainerLists)
    each(*spec, list, "spec", [&](const json::object& container, const std::string& at) {
      const auto image = string_in(container, "image");
      if (text::trim(image) != image)
        report.invalid(at + ".image", image, "must not have leading or trailing whitespace");
    });
  const auto* gates = list_in(*spec, "schedulingGates");
  if (gates && !gates->empty() && !string_in(*spec, "nodeName").empty())
    errors.push_back({"FieldValueForbidden", "spec.nodeName",
                      "Forbidden: cannot be set until all schedulingGates have been cleared"});
}

}  // namespace

void default_pod_spec(json::object& spec) {
  each_container(spec, [](json::object& container, std::string_view) {
    if (string_in(container, "imagePullPolicy").empty())
      container["imagePullPolicy"] = pull_policy(string_in(container, "image"));
  });
  if (auto* volumes = list_in(spec, "volumes"))
    for (auto& item : *volumes)
      if (auto* volume = item.if_object();
          volume && volume->size() == 1 && volume->contains("name"))
        (*volume)["emptyDir"] = json::object();
}

namespace {

void validate_pod_status(const json::object& pod, FieldErrors& errors) {
  const auto* status = object_in(pod, "status");
  if (!status) return;
  const auto check = [&](std::string_view text, const std::string& field) {
    if (!text.empty()) validate_endpoint_ip(text, field, errors);
  };
  check(string_in(*status, "podIP"), "status.podIP");
  if (const auto* ips = list_in(*status, "podIPs"))
    for (std::size_t i = 0; i < ips->size(); ++i)
      if (const auto* ip = (*ips)[i].if_object())
        check(string_in(*ip, "ip"), text::cat("status.podIPs[", i, "].ip"));
}

void refuse_added(const json::object& pod, FieldErrors& errors) {
  const auto* spec = object_in(pod, "spec");
  const auto* added = spec ? list_in(*spec, "ephemeralContainers") : nullptr;
  if (added && !added->empty())
    Report(errors).forbidden("spec.ephemeralContainers", "cannot be set on create");
}

constexpr SpecPart kAddedContainers{"ephemeralcontainers", "ephemeralContainers",
                                    validate_added_containers};

}  // namespace

const Strategy kPodStrategy{default_pod,  prepare_pod,         nullptr,
                            validate_pod, validate_pod_change, validate_pod_status,
                            refuse_added, &kAddedContainers};

}  // namespace nodal::master
