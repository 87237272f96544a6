// proxy/dns/cache.h — answers of upstream servers, kept for their time to live and, stale, for when
// upstream is away.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "proxy/dns/message.h"

namespace nodal::proxy::dns {

/// A bounded map, least recently used first out. Time is an argument. Thread: one owner.
/// @source RFC 2308 (negative answers), RFC 8767 (serving stale data)
class Cache {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// @param limit  entries; 0 keeps nothing
  explicit Cache(std::size_t limit) : limit_(limit) {}

  struct Found {
    Message message;  ///< TTLs lowered by the time it has been kept; 30 s when stale
    bool fresh = false;
  };
  std::optional<Found> find(const Question& question, Time now);

  /// Keeps answers and denials (for the SOA's minimum); everything else is not cached. At most an
  /// hour, denials 30 s.
  void put(const Question& question, const Message& message, Time now);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Id = std::tuple<Name, std::uint16_t, std::uint16_t>;
  struct Entry {
    Id id;
    Message message;
    Time stored, expires;
  };

  std::size_t limit_;
  std::list<Entry> entries_;  // the most recently used first
  std::map<Id, std::list<Entry>::iterator> by_id_;
};

}  // namespace nodal::proxy::dns
