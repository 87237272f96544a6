// master/auth/keys.cc — see keys.h.
#include "master/auth/keys.h"

#include "api-client/client/kubeconfig.h"

namespace nodal::master {
namespace {

// Publishes what is not there yet.
bool replace(SnapshotCell<KeyPair>& cell, KeyPair pair) {
  if (cell.read()->certificate_pem == pair.certificate_pem) return false;
  cell.publish(std::make_shared<const KeyPair>(std::move(pair)));
  return true;
}

}  // namespace

Result<std::unique_ptr<Keys>> Keys::open(const Pki& pki, std::vector<std::string> hosts,
                                         TimePoint now) {
  std::unique_ptr<Keys> out(new Keys(pki, std::move(hosts)));
  NODAL_TRY(out->renew(now));
  return out;
}

http::ServerTls Keys::serving() const {
  const auto pair = serving_.read();
  return {pair->certificate_pem, pair->key_pem, pki_.ca_pem(), false};
}

std::string Keys::admin_kubeconfig(const std::string& server) const {
  const auto pair = admin_.read();
  client::ClusterAccess access;
  access.server = server;
  access.ca_pem = pki_.ca_pem();
  access.certificate_pem = pair->certificate_pem;
  access.key_pem = pair->key_pem;
  return client::render_kubeconfig(access, "nodal");
}

Result<bool> Keys::renew(TimePoint now) {
  const CertificateRequest to_agents{"kube-apiserver-kubelet-client", {"system:masters"}, {}, true};
  const CertificateRequest administrator{"kubernetes-admin", {"system:masters"}, {}, true};
  replace(agent_client_, NODAL_TRY(pki_.keep("kubelet-client", to_agents, now)));
  replace(admin_, NODAL_TRY(pki_.keep("admin", administrator, now)));
  return replace(serving_,
                 NODAL_TRY(pki_.keep("apiserver", {"kube-apiserver", {}, hosts_, false}, now)));
}

}  // namespace nodal::master
