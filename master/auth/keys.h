// master/auth/keys.h — the master's own certificates, and their renewal while it runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http/server.h"
#include "base/loop/snapshot_cell.h"
#include "base/result.h"
#include "master/auth/pki.h"

namespace nodal::master {

/// Everything is signed anew when three quarters of its life are over (Pki::keep); files keep their
/// bytes until then. Thread-safe after open().
class Keys {
 public:
  /// @param hosts  names and addresses under which the API is reached
  static Result<std::unique_ptr<Keys>> open(const Pki& pki, std::vector<std::string> hosts,
                                            TimePoint now);

  /// For the server; what is current.
  [[nodiscard]] http::ServerTls serving() const;
  /// What the master shows to agents.
  [[nodiscard]] SnapshotCell<KeyPair>::Ptr agent_client() const { return agent_client_.read(); }
  /// The administrator's kubeconfig, as YAML. @param server  "https://127.0.0.1:6443"
  [[nodiscard]] std::string admin_kubeconfig(const std::string& server) const;
  /// Looks at all of them.
  /// @returns whether the serving keys are new: the server must load them
  Result<bool> renew(TimePoint now);

 private:
  Keys(const Pki& pki, std::vector<std::string> hosts) : pki_(pki), hosts_(std::move(hosts)) {}

  const Pki& pki_;
  const std::vector<std::string> hosts_;
  SnapshotCell<KeyPair> serving_, agent_client_, admin_;
};

}  // namespace nodal::master
