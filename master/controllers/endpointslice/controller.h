// master/controllers/endpointslice/controller.h — EndpointSlices, and Endpoints beside them, follow
// pods at once.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "master/controllers/controller.h"
#include "master/controllers/endpointslice/plan.h"
#include "master/controllers/endpointslice/writer.h"

namespace nodal::master::controllers {

class EndpointSliceController final : public Controller {
 public:
  explicit EndpointSliceController(Context context);
  ~EndpointSliceController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;
  Result<> write_endpoints(const core_v1::Service& service,
                           const std::vector<endpointslice::PodPtr>& pods);
  /// Wakes, once, for the Endpoints whose Service was deleted while nobody looked: they have no
  /// owner that would take them along.
  void find_leftovers();

  /// Tells of target ports that no pod has, once.
  void say_unserved(const std::string& key, const core_v1::Service* service,
                    const std::vector<std::string>& ports);

  endpointslice::SliceWriter slices_;
  std::atomic<bool> looked_for_leftovers_ = false;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> unserved_;  ///< what was told, by Service key
};

}  // namespace nodal::master::controllers
