// master/registry/same.cc — see same.h.
#include "master/registry/same.h"

#include <algorithm>
#include <boost/json.hpp>

namespace nodal::master {

bool same(const boost::json::value& a, const boost::json::value& b) {
  const auto* x = a.if_object();
  const auto* y = b.if_object();
  if (x && y) {
    if (x->size() != y->size()) return false;
    auto it = y->begin();
    for (const auto& [name, value] : *x) {
      const auto* other = it->key() == name ? &it->value() : y->if_contains(name);
      if (!other || !same(value, *other)) return false;
      ++it;
    }
    return true;
  }
  const auto* m = a.if_array();
  const auto* n = b.if_array();
  if (m && n) return std::ranges::equal(*m, *n, same);
  return a == b;
}

}  // namespace nodal::master
