// master/controllers/deployment/controller.h — carries out deployment::plan.
#pragma once

#include "master/controllers/controller.h"
#include "master/controllers/deployment/plan.h"

namespace nodal::master::controllers {

class DeploymentController final : public Controller {
 public:
  explicit DeploymentController(Context context);
  ~DeploymentController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;
};

}  // namespace nodal::master::controllers
