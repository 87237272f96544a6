// master/daemon/bootstrap.h — what exists in every cluster from the start: namespaces and the
// Service of the API.
#pragma once

#include "api-client/client/transport.h"
#include "base/net/address.h"
#include "base/result.h"
#include "master/controllers/controller.h"

namespace nodal::master {

/// Makes what is missing and corrects where the `kubernetes` Service leads. Idempotent.
/// @param service_ip  the first address of the service range
Result<> bootstrap(client::Transport& api, const net::IpAddress& service_ip,
                   const net::SocketAddress& served_at);

/// Does it again when one of these objects is deleted or changed.
class BootstrapKeeper final : public controllers::Controller {
 public:
  /// @param api  outlives the keeper
  BootstrapKeeper(controllers::Context context, client::Transport& api, net::IpAddress service_ip,
                  net::SocketAddress served_at);
  ~BootstrapKeeper() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;

  client::Transport& api_;
  const net::IpAddress service_ip_;
  const net::SocketAddress served_at_;
};

}  // namespace nodal::master
