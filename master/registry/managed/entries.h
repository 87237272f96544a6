// master/registry/managed/entries.h — metadata.managedFields as values. Pure.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "master/registry/managed/field_set.h"

namespace nodal::master::managed {

/// The most Update entries of one object; what is older is put together under one name.
inline constexpr std::size_t kMaxUpdaters = 10;

/// What one manager owns through one kind of request.
struct Entry {
  std::string manager;
  bool applied = false;     ///< by server-side apply; else by any other write
  std::string api_version;  ///< "apps/v1"
  std::string subresource;  ///< "" the object itself
  std::string time;         ///< RFC 3339, of the last change; "" unknown
  FieldSet fields;

  /// The one who may add to these fields: an applier is the same in every version.
  [[nodiscard]] bool same_owner(const Entry& other) const;
};
using Entries = std::vector<Entry>;

/// The entries that the store holds: written by write_entries().
Entries stored_entries(const boost::json::object& object);

/// The entries that a client sent: nothing when it says nothing of them (absent or an empty list,
/// as clients send that never heard of them), no entries for `[{}]`, which takes all owners away.
/// @errors invalid: what is no list of entries, more than 100 of them, a set that does not parse
Result<std::optional<Entries>> sent_entries(const boost::json::object& object);

/// Sorts (appliers first, then by time), puts the oldest of too many updaters together, drops
/// entries without fields, and writes metadata.managedFields; takes it away when nothing is left.
void write_entries(boost::json::object& object, Entries entries);

/// The entry with the same owner, or null.
Entry* find(Entries& entries, const Entry& owner);

}  // namespace nodal::master::managed
