// master/registry/strategy.h — the cross-field rules of a kind, beside its descriptor.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/schema.h"
#include "base/clock.h"

namespace nodal::master {

/// One cause of a 422, worded as Kubernetes words it.
struct FieldError {
  std::string reason;   ///< FieldValueRequired, FieldValueInvalid, FieldValueNotSupported,
                        ///< FieldValueForbidden, …
  std::string field;    ///< "spec.ports[0].nodePort"
  std::string message;  ///< "Invalid value: 70000: must be between 1 and 65535, inclusive"
};
using FieldErrors = std::vector<FieldError>;
/// Nobody reads more of one object.
inline constexpr std::size_t kMostFieldErrors = 64;

/// A subresource through which one field of the spec is written, and nothing else.
struct SpecPart {
  std::string_view subresource;  ///< "ephemeralcontainers"
  std::string_view field;        ///< of the spec: "ephemeralContainers"
  /// May not change anything.
  void (*validate_update)(const boost::json::object& object, const boost::json::object& old,
                          FieldErrors& errors);
};

/// What a kind adds to what its descriptor says. All are pure functions of documents. The generic
/// layer has done protobuf/JSON decoding, pruning and descriptor defaults before, and runs
/// descriptor validation itself.
struct Strategy {
  /// Defaults that depend on other fields (targetPort from port, imagePullPolicy from the tag,
  /// requests from limits). May change the object. Runs on every write, after the descriptor's
  /// defaults.
  void (*default_fields)(boost::json::object& object) = nullptr;
  /// Resets what a client may not choose (status on create, qosClass, …). May change the object.
  void (*prepare_create)(boost::json::object& object) = nullptr;
  /// Carries over what a client may not change silently. May change the object.
  void (*prepare_update)(boost::json::object& object, const boost::json::object& old) = nullptr;
  /// May not change anything.
  void (*validate)(const boost::json::object& object, FieldErrors& errors) = nullptr;
  void (*validate_update)(const boost::json::object& object, const boost::json::object& old,
                          FieldErrors& errors) = nullptr;
  /// The status that a node or controller reports.
  void (*validate_status)(const boost::json::object& object, FieldErrors& errors) = nullptr;
  /// What a new object may not have, and an old one may.
  void (*validate_create)(const boost::json::object& object, FieldErrors& errors) = nullptr;
  /// Null: its spec is written as a whole.
  const SpecPart* part = nullptr;
  /// A write of the status leaves the labels alone; otherwise it may change them.
  bool status_keeps_labels = false;
};

/// The strategy of a kind; an empty one for a kind without cross-field rules.
const Strategy& strategy_for(const schema::Resource& resource);

}  // namespace nodal::master
