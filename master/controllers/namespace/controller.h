// master/controllers/namespace/controller.h — empties a namespace that is being deleted, then lets
// it go.
#pragma once

#include "master/controllers/controller.h"
#include "master/controllers/namespace/remaining.h"

namespace nodal::master::controllers {

class NamespaceController final : public Controller {
 public:
  explicit NamespaceController(Context context);
  ~NamespaceController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;
  /// Asks for the deletion of everything in it; what was still there.
  Result<Remaining> empty(const std::string& ns);
};

}  // namespace nodal::master::controllers
