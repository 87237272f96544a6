// master/registry/conversion/ingress.h — Ingress of networking.k8s.io/v1beta1.
#pragma once

#include "master/registry/conversion.h"

namespace nodal::master {

/// serviceName and servicePort ↔ service.name and service.port, backend ↔ defaultBackend.
/// @source API doc of networking.k8s.io/v1beta1 and v1 (Kubernetes 1.19)
extern const Conversion kIngressV1beta1;

}  // namespace nodal::master
