// master/store/present.h — what every KvStore keeps in memory: the present state, recent history,
// watchers.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "master/store/kv.h"

namespace nodal::master {

/// The state that reads see, the bounded ring of events behind it, and the watchers of both. The
/// owner decides when a change is durable and then applies it here. Thread-safe; apply() is called
/// by one thread at a time (the committing one).
class Present {
 public:
  struct Limits {
    std::size_t events = 16384;          ///< kept at most
    std::size_t fewest = 1024;           ///< kept though they have more bytes
    std::size_t bytes = 8u << 20;        ///< of values that only the history holds
    std::size_t most_bytes = 64u << 20;  ///< however few events hold them
  };

  explicit Present(Limits limits) : limits_(limits) {}

  Result<Entry> get(std::string_view key) const;
  Result<Page> list(std::string_view prefix, Revision at, std::string_view after, int limit) const;
  Result<KvStore::WatchHandle> watch(std::string_view prefix, Revision after, KvStore::Sink sink);
  Result<> compact(Revision through);
  [[nodiscard]] Revision revision() const;

  /// Makes the change visible and calls the watchers, in the order of revisions.
  void apply(const Event& event);
  /// At start: entries as they were stored, and the counter. Everything before is compacted.
  void load(std::vector<Entry> entries, Revision revision);

  /// @errors as KvStore::put and erase promise for a key in that state (null: absent)
  static Result<> check(std::string_view key, const Entry* present, Expect expect);

 private:
  struct Past {
    Event event;
    Revision created = 0, modified = 0;  ///< of event.previous
  };
  struct Watcher {
    std::string prefix;
    Revision after = 0;
    KvStore::Sink sink;
    bool ended = false;
  };

  void remember(Past past);

  const Limits limits_;
  mutable std::shared_mutex mutex_;
  // Under mutex_:
  std::map<std::string, Entry, std::less<>> entries_;
  std::deque<Past> history_;
  std::size_t history_bytes_ = 0;
  Revision revision_ = 0;
  Revision compacted_ = 0;  ///< events up to here are forgotten

  // Held while events are delivered and while a watch begins, so that none is missed or told twice.
  // Recursive: a sink may end its own watch.
  std::recursive_mutex watch_mutex_;
  std::list<std::shared_ptr<Watcher>> watchers_;  // under watch_mutex_
};

}  // namespace nodal::master
