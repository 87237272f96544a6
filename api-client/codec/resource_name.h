// api-client/codec/resource_name.h — how the API names the collection a kind lives in.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace nodal {

/// As objects name it: "v1", "apps/v1".
inline std::string api_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : text::cat(group, "/", version);
}

/// What a URL and an object's apiVersion and kind are made of. Every generated kind has one:
/// `T::kResource`.
struct ResourceName {
  std::string_view group;  ///< "" for core
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced = true;
  [[nodiscard]] std::string api_version() const { return nodal::api_version(group, version); }
  bool operator==(const ResourceName&) const = default;
};

}  // namespace nodal
