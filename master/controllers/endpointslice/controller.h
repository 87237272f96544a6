// master/controllers/endpointslice/controller.h — EndpointSlices, and Endpoints beside them, follow
// pods at once.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "master/controllers/controller.h"
#include "master/controllers/endpointslice/plan.h"

namespace nodal::master::controllers {

class EndpointSliceController final : public Controller {
 public:
  explicit EndpointSliceController(Context context);
  ~EndpointSliceController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;
  Result<> write_slices(const core_v1::Service& service,
                        const std::vector<endpointslice::PodPtr>& pods);
  Result<> write_endpoints(const core_v1::Service& service,
                           const std::vector<endpointslice::PodPtr>& pods);

  std::mutex mutex_;
  std::map<std::string, std::set<std::string>>
      unseen_;  ///< slices created and not in the mirror yet, by Service key
};

}  // namespace nodal::master::controllers
