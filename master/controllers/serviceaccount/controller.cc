// master/controllers/serviceaccount/controller.cc — see controller.h.
#include "master/controllers/serviceaccount/controller.h"

namespace nodal::master::controllers {
namespace {
constexpr const char* kAccount = "default";
constexpr const char* kRootCa = "kube-root-ca.crt";
}  // namespace

ServiceAccountController::ServiceAccountController(Context context, std::string ca_pem)
    : Controller("serviceaccount", std::move(context)), ca_pem_(std::move(ca_pem)) {
  context_.mirrors.namespaces.on_change(
      [this](const client::Change<core_v1::Namespace>& change) { wake(change.key); });
  context_.mirrors.service_accounts.on_change(
      [this](const client::Change<core_v1::ServiceAccount>& change) {
        if (!change.after && change.before->metadata.name == kAccount)
          wake(change.before->metadata.namespace_);
      });
  context_.mirrors.root_cas.on_change([this](const client::Change<core_v1::ConfigMap>& change) {
    wake((change.after ? change.after : change.before)->metadata.namespace_);
  });
}

Result<Again> ServiceAccountController::reconcile(const std::string& key) {
  const auto ns = context_.mirrors.namespaces.get(key);
  if (!ns || ns->metadata.deletion_timestamp) return Again{};
  if (!context_.mirrors.service_accounts.get(client::object_key(key, kAccount))) {
    core_v1::ServiceAccount account;
    account.metadata.namespace_ = key;
    account.metadata.name = kAccount;
    if (auto created = context_.client->create(account);
        !created && created.error().code != Errc::already_exists)
      return wrap("create service account", created.error());
  }
  core_v1::ConfigMap root;
  root.metadata.namespace_ = key;
  root.metadata.name = kRootCa;
  root.metadata.annotations["kubernetes.io/description"] =
      "The CA that signed the API server's certificate.";
  root.data["ca.crt"] = ca_pem_;
  const auto have = context_.mirrors.root_cas.get(client::object_key(key, kRootCa));
  if (!have) {
    if (auto created = context_.client->create(root);
        !created && created.error().code != Errc::already_exists)
      return wrap("create the root CA's config map", created.error());
  } else if (have->data != root.data) {
    auto after = *have;
    after.data = root.data;
    const auto patch = NODAL_TRY(codec::merge_diff(codec::encode(*have), codec::encode(after)));
    NODAL_TRY(
        context_.client->patch<core_v1::ConfigMap>(key, kRootCa, client::PatchType::merge, patch));
  }
  return Again{};
}

}  // namespace nodal::master::controllers
