// master/controllers/namespace/remaining.h — what a Namespace in deletion says of what is left in
// it. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "gen/core_v1.h"

namespace nodal::master::controllers {

struct Remaining {
  std::map<std::string, std::size_t> objects;     ///< "pods." or "deployments.apps" → how many
  std::map<std::string, std::size_t> finalizers;  ///< a finalizer → on how many objects
};

/// The conditions that kubectl shows of a Namespace that does not go; those that say the same keep
/// their times.
/// @source core/v1 NamespaceCondition; the wording is kube-controller-manager's, which people
/// search for
[[nodiscard]] std::vector<core_v1::NamespaceCondition> conditions_of(
    const Remaining& remaining, const std::vector<core_v1::NamespaceCondition>& before,
    TimePoint now);

}  // namespace nodal::master::controllers
