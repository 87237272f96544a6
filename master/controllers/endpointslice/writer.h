// master/controllers/endpointslice/writer.h — carries out plans of EndpointSlices.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "master/controllers/controller.h"
#include "master/controllers/endpointslice/slices.h"
#include "master/controllers/unseen.h"

namespace nodal::master::controllers::endpointslice {

/// The slices of one hand, "endpointslice.kubernetes.io/managed-by". Thread-safe for different
/// Services.
class SliceWriter {
 public:
  /// How long to wait at most for the mirror; it wakes the Service itself.
  static constexpr std::chrono::seconds kUntilSeen{30};

  SliceWriter(const Context& context, std::string_view hand) : context_(context), hand_(hand) {}

  /// Calls `wake` with the key of the Service whenever a slice of this hand changes.
  void follow(std::function<void(const std::string& service)> wake);
  /// The slices that the mirror has of this hand for a Service.
  [[nodiscard]] std::vector<SlicePtr> existing(const std::string& service) const;
  /// Whether slices that write() made are not in the mirror yet: a plan would make them again.
  [[nodiscard]] bool is_waiting(const std::string& service);
  Result<> write(const std::string& service, const Plan& plan);
  void forget(const std::string& service) { unseen_.forget(service); }

 private:
  [[nodiscard]] bool is_ours(const meta_v1::ObjectMeta& metadata) const;
  /// The key of the Service that a slice of this hand serves; "" for another's.
  [[nodiscard]] std::string service_of(const discovery_v1::EndpointSlice& slice) const;

  const Context& context_;
  const std::string hand_;
  Unseen unseen_;  ///< by Service key
};

}  // namespace nodal::master::controllers::endpointslice
