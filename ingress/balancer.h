// ingress/balancer.h — the few lines of Lua that run inside nginx.
#pragma once

namespace nodal::ingress {

/// balancer.lua: chooses an endpoint of $nodal_backend for every request, another one for every
/// further try.
extern const char* const kBalancerLua;
/// control.lua: takes the endpoints of one backend: POST /endpoints?backend=KEY, the body their
/// addresses, a line each.
extern const char* const kControlLua;

}  // namespace nodal::ingress
