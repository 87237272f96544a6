// api-client/client/selects.h — does a typed label selector choose these labels. Pure.
#pragma once

#include <map>
#include <string>

#include "gen/meta_v1.h"

namespace nodal::client {

using Labels = std::map<std::string, std::string>;

/// @source meta/v1 LabelSelector: an empty selector chooses everything, every requirement must hold
inline bool selects(const meta_v1::LabelSelector& selector, const Labels& labels) {
  for (const auto& [key, value] : selector.match_labels) {
    const auto it = labels.find(key);
    if (it == labels.end() || it->second != value) return false;
  }
  for (const auto& requirement : selector.match_expressions) {
    const auto it = labels.find(requirement.key);
    const bool exists = it != labels.end();
    bool listed = false;
    for (const auto& value : requirement.values) listed = listed || (exists && it->second == value);
    const auto& op = requirement.operator_;
    if (op == "In"             ? !listed
        : op == "NotIn"        ? listed
        : op == "Exists"       ? !exists
        : op == "DoesNotExist" ? exists
                               : true)
      return false;
  }
  return true;
}

}  // namespace nodal::client
