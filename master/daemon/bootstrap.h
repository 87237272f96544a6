// master/daemon/bootstrap.h — what exists in every cluster from the start: namespaces and the
// Service of the API.
#pragma once

#include "api-client/client/transport.h"
#include "base/net/address.h"
#include "base/result.h"

namespace nodal::master {

/// Makes what is missing and corrects where the `kubernetes` Service leads. Idempotent.
/// @param service_ip  the first address of the service range
Result<> bootstrap(client::Transport& api, const net::IpAddress& service_ip,
                   const net::SocketAddress& served_at);

}  // namespace nodal::master
