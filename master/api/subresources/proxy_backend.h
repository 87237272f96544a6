// master/api/subresources/proxy_backend.h — which address a proxied pod, service or node has.
#pragma once

#include "master/api/api.h"
#include "master/api/subresources/proxy_message.h"

namespace nodal::master::handlers {

/// Only addresses that the object's status (or the Service's Endpoints) carries are answered, and
/// none that leads back to this machine.
/// @errors 404 no such object; 400 a port or an address that may not be; 503 nothing is there
Answer<ApiParts::Backend> backend_of(Call& call, const proxying::Named& named);

}  // namespace nodal::master::handlers
