// master/registry/conversion/ingress.cc — see ingress.h.
#include "master/registry/conversion/ingress.h"

#include "master/registry/strategy/fields.h"

namespace nodal::master {
namespace {

using namespace fields;

// Calls `convert` for each backend below a spec whose default backend stands under `fallback`.
void each_backend(json::object& object, std::string_view fallback, void (*convert)(json::object&)) {
  auto* spec = object_in(object, "spec");
  if (!spec) return;
  if (auto* backend = object_in(*spec, fallback)) convert(*backend);
  auto* rules = list_in(*spec, "rules");
  if (!rules) return;
  for (auto& item : *rules) {
    auto* rule = item.if_object();
    auto* http = rule ? object_in(*rule, "http") : nullptr;
    auto* paths = http ? list_in(*http, "paths") : nullptr;
    if (!paths) continue;
    for (auto& path : *paths)
      if (path.is_object())
        if (auto* backend = object_in(path.get_object(), "backend")) convert(*backend);
  }
}

void backend_to_stored(json::object& backend) {
  const auto* name = backend.if_contains("serviceName");
  const auto* port = backend.if_contains("servicePort");
  if (!name && !port) return;
  json::object service;
  if (name) service["name"] = *name;
  if (port && port->is_string())
    service["port"] = json::object{{"name", *port}};
  else if (port)
    service["port"] = json::object{{"number", *port}};
  backend.erase("serviceName");
  backend.erase("servicePort");
  backend["service"] = std::move(service);
}

void backend_from_stored(json::object& backend) {
  const auto* service = object_in(backend, "service");
  if (!service) return;
  json::object out;
  if (const auto* name = service->if_contains("name")) out["serviceName"] = *name;
  if (const auto* port = object_in(*service, "port")) {
    if (const auto* name = port->if_contains("name"))
      out["servicePort"] = *name;
    else if (const auto* number = port->if_contains("number"))
      out["servicePort"] = *number;
  }
  backend.erase("service");
  for (auto& [key, value] : out) backend[key] = std::move(value);
}

void ingress_to_stored(json::object& object) {
  if (auto* spec = object_in(object, "spec")) rename(*spec, "backend", "defaultBackend");
  each_backend(object, "defaultBackend", backend_to_stored);
}

void ingress_from_stored(json::object& object) {
  each_backend(object, "defaultBackend", backend_from_stored);
  if (auto* spec = object_in(object, "spec")) rename(*spec, "defaultBackend", "backend");
}

}  // namespace

const Conversion kIngressV1beta1{.group = "networking.k8s.io",
                                 .version = "v1beta1",
                                 .kind = "Ingress",
                                 .stored_group = "networking.k8s.io",
                                 .to_stored = ingress_to_stored,
                                 .from_stored = ingress_from_stored};

}  // namespace nodal::master
