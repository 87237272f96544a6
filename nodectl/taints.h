// nodectl/taints.h — taints of a node, as typed: key=value:Effect, key:Effect- and key-. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct Taint {
  std::string key, value, effect;  ///< a removal without effect means every one of the key
  bool operator==(const Taint&) const = default;
  /// "key=value:Effect"
  [[nodiscard]] std::string text() const;
};

struct TaintChanges {
  std::vector<Taint> set, removed;
};

/// The words that are taints, taken out of `words`; the nodes' names stay before them.
/// @errors invalid: none, no taint, one twice, or the same one set and removed
Result<TaintChanges> take_taints(std::vector<std::string>& words);

struct Tainted {
  boost::json::array taints;
  std::string_view done;  ///< "tainted", "untainted" or "modified"
};
/// @param now  the node's spec.taints
/// @errors conflict: there with another value, and not to be overwritten; not_found: nothing to
/// remove
Result<Tainted> tainted(const boost::json::array& now, const TaintChanges& changes,
                        std::string_view node, bool overwrite);

}  // namespace nodal::nodectl
