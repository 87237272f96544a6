// api-client/codec/resource_name.h — how the API names the collection a kind lives in.
#pragma once

#include <string_view>

namespace nodal {

/// What a URL and an object's apiVersion and kind are made of. Every generated kind has one:
/// `T::kResource`.
struct ResourceName {
  std::string_view group;  ///< "" for core
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced = true;
  bool operator==(const ResourceName&) const = default;
};

}  // namespace nodal
