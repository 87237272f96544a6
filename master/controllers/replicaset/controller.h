// master/controllers/replicaset/controller.h — keeps as many pods as a ReplicaSet says.
#pragma once

#include "master/controllers/controller.h"
#include "master/controllers/replicaset/plan.h"
#include "master/controllers/unseen.h"

namespace nodal::master::controllers {

/// Remembers what it has created and deleted until the mirror shows it, so that a slow watch never
/// makes it act twice.
class ReplicaSetController final : public Controller {
 public:
  explicit ReplicaSetController(Context context);
  ~ReplicaSetController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;
  Result<> create_pods(const apps_v1::ReplicaSet& set, int count);
  Result<> remove_pods(const apps_v1::ReplicaSet& set, const std::vector<replicaset::PodPtr>& pods);
  [[nodiscard]] bool has_seen_own_work(const std::string& key);

  Unseen created_;
  Unseen removed_;  ///< seen once the mirror shows their deletionTimestamp
};

}  // namespace nodal::master::controllers
