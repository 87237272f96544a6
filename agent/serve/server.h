// agent/serve/server.h — what the master asks of a node over TLS: logs; and health.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/runtime/runtime.h"
#include "api-client/client/mirror.h"
#include "base/http/server.h"
#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

struct ServeOptions {
  std::string listen;  ///< "192.0.2.1:10250"
  std::string certificate_pem, key_pem, client_ca_pem;
  std::string debug_socket;  ///< "" none
};

/// Logs, exec, attach and port-forward (target.h), /pods and /healthz for callers with a client
/// certificate of the cluster's CA in group system:masters or with the name of the API server's
/// own; no port without TLS (SECURITY 10, 11).
class AgentServer {
 public:
  using Plans = std::function<std::map<std::string, std::string>()>;
  static Result<std::unique_ptr<AgentServer>> start(const ServeOptions& options, Runtime& runtime,
                                                    const client::Mirror<core_v1::Pod>& pods,
                                                    Plans plans);
  ~AgentServer();
  /// Uses these keys for new connections. @errors invalid: the old ones stay
  Result<> reload(const ServeOptions& options);

 private:
  struct State;
  explicit AgentServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nodal::agent
