// master/registry/strategy/strategy.cc — which kind has which rules.
#include "master/registry/strategy.h"

#include "master/registry/strategy/fields.h"

namespace nodal::master {

const Strategy& strategy_for(const schema::Resource& resource) {
  static constexpr Strategy kNone;
  if (resource.group == "apps") {
    if (resource.kind == "Deployment") return kDeploymentStrategy;
    if (resource.kind == "ReplicaSet") return kWorkloadStrategy;
  }
  if (resource.group == "networking.k8s.io") {
    if (resource.kind == "Ingress") return kIngressStrategy;
    if (resource.kind == "IngressClass") return kIngressClassStrategy;
  }
  if (resource.kind == "EndpointSlice") return kEndpointSliceStrategy;
  if (!resource.group.empty()) return kNone;
  if (resource.kind == "Endpoints") return kEndpointsStrategy;
  if (resource.kind == "Pod") return kPodStrategy;
  if (resource.kind == "Service") return kServiceStrategy;
  if (resource.kind == "Namespace") return kNamespaceStrategy;
  if (resource.kind == "Secret") return kSecretStrategy;
  if (resource.kind == "ConfigMap") return kConfigMapStrategy;
  if (resource.kind == "Node") return kNodeStrategy;
  return kNone;
}

}  // namespace nodal::master
