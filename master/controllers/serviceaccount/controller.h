// master/controllers/serviceaccount/controller.h — every namespace has a ServiceAccount "default"
// and the cluster's CA.
#pragma once

#include <string>

#include "master/controllers/controller.h"

namespace nodal::master::controllers {

class ServiceAccountController final : public Controller {
 public:
  /// @param ca_pem  what the ConfigMap kube-root-ca.crt holds
  ServiceAccountController(Context context, std::string ca_pem);
  ~ServiceAccountController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;

  const std::string ca_pem_;
};

}  // namespace nodal::master::controllers
