// master/controllers/garbage/controller.h — deletes what has lost its owners, and serves foreground
// deletion and orphaning.
#pragma once

#include <deque>
#include <mutex>
#include <set>
#include <string>

#include "master/controllers/controller.h"
#include "master/controllers/garbage/graph.h"

namespace nodal::master::controllers {

/// Its graph follows the mirrors that the other controllers use; its keys are uids.
class GarbageController final : public Controller {
 public:
  explicit GarbageController(Context context);
  ~GarbageController() override { stop(); }

 private:
  template <class T>
  void follow(client::Mirror<T>& mirror);
  void changed(const ResourceName& resource, const meta_v1::ObjectMeta* before,
               const meta_v1::ObjectMeta* after);
  Result<Again> reconcile(const std::string& uid) override;
  /// True when the server no longer has that owner.
  Result<bool> is_gone(const garbage::Owner& owner, const std::string& ns);
  Result<> remove(const garbage::Node& node, std::string_view policy);
  Result<> patch(const garbage::Node& node, std::string_view metadata);
  void remember_absent(const std::string& uid);

  std::mutex mutex_;
  garbage::Graph graph_;                       // under mutex_
  std::set<std::string, std::less<>> absent_;  // under mutex_: owners known to be gone
  std::deque<std::string> absent_order_;       // under mutex_: oldest first
};

}  // namespace nodal::master::controllers
