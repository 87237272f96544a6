// master/auth/identity.h — who asks, and what for.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nodal::master {

/// A node is the user of this name and its own, in group system:nodes.
inline constexpr std::string_view kNodeUser = "system:node:";

struct Identity {
  std::string user;
  std::vector<std::string> groups;
  std::string uid;
  std::map<std::string, std::vector<std::string>> extra = {};  ///< what else is said of them

  [[nodiscard]] bool in_group(std::string_view group) const {
    for (const auto& g : groups)
      if (g == group) return true;
    return false;
  }
  bool operator==(const Identity&) const = default;
};

/// A request as rules see it.
struct Attributes {
  std::string verb;  ///< get, list, …; the lower-case method for a path that is no resource
  bool is_resource = false;
  std::string path;
  std::string group, resource, subresource, namespace_, name;
  std::string field_selector;
};

}  // namespace nodal::master
