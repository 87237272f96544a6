// master/registry/strategy/pod.cc — Pods and pod templates: defaults between fields, QoS, what may
// change.
#include <algorithm>

#include "api-client/codec/quantity.h"
#include "master/registry/strategy/fields.h"

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

void default_pod(json::object& pod) {
  auto* spec = object_in(pod, "spec");
  if (!spec) return;
  default_pod_spec(*spec);
  default_to(*spec, "enableServiceLinks", true);
  const bool host_network = bool_in(*spec, "hostNetwork");
  each_container(*spec, [&](json::object& container, std::string_view) {
    if (auto* resources = object_in(container, "resources"))
      if (const auto* limits = object_in(*resources, "limits"); limits && !limits->empty()) {
        const json::object copy = *limits;
        auto& requests = object_of(*resources, "requests");
        for (const auto& [key, value] : copy) default_to(requests, view(key), value);
      }
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
  if (const auto* spec = object_in(pod, "spec"))
    validate_pod_spec(*spec, "spec", errors);
  else
    errors.push_back({"FieldValueRequired", "spec.containers", "Required value"});
}

void validate_pod_change(const json::object& pod, const json::object& old, FieldErrors& errors) {
  const auto* now = object_in(pod, "spec");
  const auto* before = object_in(old, "spec");
  if (!now || !before) return;
  // All that may change is made equal; the rest must then be equal.
  json::object a = *now;
  const json::object& b = *before;
  carry(a, b, "activeDeadlineSeconds");
  carry(a, b, "tolerations");
  if (int_in(b, "terminationGracePeriodSeconds").value_or(0) < 0 &&
      int_in(a, "terminationGracePeriodSeconds") == 1)
    carry(a, b, "terminationGracePeriodSeconds");
  for (const auto list : kContainerLists) {
    auto* containers = list_in(a, list);
    const auto* others = list_in(b, list);
    if (!containers || !others || containers->size() != others->size()) continue;
    for (std::size_t i = 0; i < containers->size(); ++i)
      if (auto* container = (*containers)[i].if_object(); container && (*others)[i].is_object())
        carry(*container, (*others)[i].get_object(), "image");
  }
  if (const auto* kept = list_in(b, "tolerations")) {
    const auto* wanted = list_in(*now, "tolerations");
    for (const auto& toleration : *kept)
      if (!wanted || std::ranges::find(*wanted, toleration) == wanted->end()) {
        errors.push_back(
            {"FieldValueForbidden", "spec.tolerations",
             "Forbidden: existing toleration can not be modified except its tolerationSeconds"});
        break;
      }
  }
  if (a == b) return;
  errors.push_back({"FieldValueForbidden", "spec",
                    "Forbidden: pod updates may not change fields other than "
                    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec."
                    "activeDeadlineSeconds`,`spec.tolerations` "
                    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
                    "(allow it to be set to 1 if it "
                    "was previously negative)"});
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

}  // namespace

const Strategy kPodStrategy{default_pod,  prepare_pod,         nullptr,
                            validate_pod, validate_pod_change, validate_pod_status};

}  // namespace nodal::master
