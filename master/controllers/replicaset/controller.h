// master/controllers/replicaset/controller.h — keeps as many pods as a ReplicaSet says.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "master/controllers/controller.h"
#include "master/controllers/replicaset/plan.h"

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

  struct Unseen {
    std::set<std::string> created;  ///< names that the mirror does not have yet
    std::set<std::string> removed;  ///< uids that the mirror shows without a deletionTimestamp
  };
  std::mutex mutex_;
  std::map<std::string, Unseen> unseen_;  // by key, under mutex_
};

}  // namespace nodal::master::controllers
