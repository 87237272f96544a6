// nodectl/describe/describers.cc — which kind is described how.
#include "nodectl/describe/describe.h"

namespace nodal::nodectl {

const Describer& describer_of(std::string_view group, std::string_view kind) {
  static constexpr Describer kDescribers[] = {
      {.group = "", .kind = "Pod", .render = describe_pod},
      {.group = "apps", .kind = "Deployment", .render = describe_deployment, .replica_sets = true},
      {.group = "apps",
       .kind = "ReplicaSet",
       .render = describe_replica_set,
       .selected_pods = true},
      {.group = "", .kind = "Service", .render = describe_service, .slices = true},
      {.group = "", .kind = "Node", .render = describe_node, .node_pods = true, .lease = true},
      {.group = "", .kind = "Namespace", .render = describe_namespace, .events = false},
      {.group = "", .kind = "ConfigMap", .render = describe_config_map},
      {.group = "", .kind = "Secret", .render = describe_secret, .events = false},
      {.group = "", .kind = "ServiceAccount", .render = describe_service_account, .secrets = true},
      {.group = "", .kind = "Endpoints", .render = describe_endpoints},
      {.group = "discovery.k8s.io", .kind = "EndpointSlice", .render = describe_endpoint_slice},
      {.group = "networking.k8s.io",
       .kind = "Ingress",
       .render = describe_ingress,
       .slices = true,
       .services = true},
      {.group = "networking.k8s.io", .kind = "IngressClass", .render = describe_ingress_class},
  };
  static constexpr Describer kAny{.group = "", .kind = "", .render = describe_any};
  for (const auto& describer : kDescribers)
    if (describer.group == group && describer.kind == kind) return describer;
  return kAny;
}

}  // namespace nodal::nodectl
