// master/controllers/endpointslice/mirroring.h — Endpoints written by hand reach the proxies as
// EndpointSlices.
#pragma once

#include "master/controllers/controller.h"
#include "master/controllers/endpointslice/writer.h"

namespace nodal::master::controllers {

class EndpointSliceMirroringController final : public Controller {
 public:
  explicit EndpointSliceMirroringController(Context context);
  ~EndpointSliceMirroringController() override { stop(); }

 private:
  Result<Again> reconcile(const std::string& key) override;

  endpointslice::SliceWriter slices_;
};

}  // namespace nodal::master::controllers
