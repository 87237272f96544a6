// master/controllers/endpointslice/mirroring.cc — see mirroring.h.
#include "master/controllers/endpointslice/mirroring.h"

#include "master/controllers/endpointslice/mirrored.h"

namespace nodal::master::controllers {
EndpointSliceMirroringController::EndpointSliceMirroringController(Context context)
    : Controller("endpointslicemirroring", std::move(context)),
      slices_(context_, endpointslice::kMirroredBy) {
  context_.mirrors.endpoints.on_change([this](const client::Change<core_v1::Endpoints>& change) {
    // Those of a Service with a selector follow its pods, and are most.
    const auto service = context_.mirrors.services.get(change.key);
    if (!service || service->spec.selector.empty()) wake(change.key);
  });
  context_.mirrors.services.on_change([this](const client::Change<core_v1::Service>& change) {
    const auto selects = [](const auto& service) {
      return service && !service->spec.selector.empty();
    };
    if (!change.before || !change.after || selects(change.before) != selects(change.after) ||
        change.before->spec.type != change.after->spec.type)
      wake(change.key);
  });
  slices_.follow([this](const std::string& service) { wake(service); });
}

Result<Again> EndpointSliceMirroringController::reconcile(const std::string& key) {
  if (slices_.is_waiting(key)) return Again{slices_.kUntilSeen};
  const auto service = context_.mirrors.services.get(key);
  const auto endpoints = context_.mirrors.endpoints.get(key);
  const auto existing = slices_.existing(key);
  if (service && endpoints && endpointslice::is_mirrored(*service, *endpoints)) {
    NODAL_TRY(slices_.write(key, endpointslice::mirror(*endpoints, existing)));
    return Again{};
  }
  NODAL_TRY(slices_.write(key, {.create = {}, .change = {}, .remove = existing}));
  slices_.forget(key);
  return Again{};
}

}  // namespace nodal::master::controllers
