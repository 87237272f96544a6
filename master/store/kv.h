// master/store/kv.h — the store's interface: six verbs with compare-and-swap.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::master {

/// One global counter, dense, strictly increasing: every successful put or erase takes the next. 0
/// is "none".
using Revision = std::uint64_t;

/// A value as all readers share it.
using Bytes = std::shared_ptr<const std::string>;

struct Entry {
  std::string key;
  Bytes value;
  Revision created = 0;   ///< revision of the put that made the key
  Revision modified = 0;  ///< revision of the last put
};

struct Page {
  std::vector<Entry> entries;  ///< sorted by key (bytes)
  Revision revision = 0;       ///< the state the page shows
  bool more = false;
  std::uint64_t remaining = 0;  ///< entries after this page, when more
};

/// What a write demands of the key's present state.
struct Expect {
  enum class What { absent, modified_at, any } what = What::any;
  Revision revision = 0;  ///< for modified_at
  static Expect absent() { return {What::absent, 0}; }
  static Expect at(Revision r) { return {What::modified_at, r}; }
  static Expect any() { return {}; }
};

struct Event {
  enum class Type { put, erase } type = Type::put;
  Entry entry;     ///< after a put; for an erase the last value, `modified` = the erase's revision
  Bytes previous;  ///< the value before; null for a creation
};

/// Makes the stored bytes out of the revision the write will get, so that resourceVersion can be
/// inside them. Called on the writer's thread, once, with the final revision.
using Encoder = std::function<std::string(Revision)>;

/// Thread-safe. Every implementation passes tests/conformance/kv_test.cc.
class KvStore {
 public:
  virtual ~KvStore() = default;

  /// @errors not_found
  virtual Result<Entry> get(std::string_view key) = 0;

  /// Keys that begin with `prefix`, greater than `after` ("" from the start), at most `limit` (0:
  /// all).
  /// @param at  0: the present; else the state at that revision
  /// @errors gone when `at` is compacted
  virtual Result<Page> list(std::string_view prefix, Revision at, std::string_view after,
                            int limit) = 0;

  /// Durable when it returns. The value is `encode(revision)`.
  /// @errors already_exists (absent was expected), conflict (another revision), not_found (a
  /// revision was expected)
  virtual Result<Entry> put(std::string_view key, const Encoder& encode, Expect expect) = 0;

  /// @errors conflict, not_found
  virtual Result<Revision> erase(std::string_view key, Expect expect) = 0;

  /// Calls `sink` with every event of keys under `prefix` after `after`, in revision order, without
  /// gap or repeat: first the history, then live. Live calls come from the committing thread after
  /// the commit is durable; the sink must not block and must not call the store's writing verbs.
  /// Dropping the returned handle ends it (no call after that).
  /// @errors gone when `after` is compacted; invalid when it lies in the future
  using Sink = std::function<void(const Event&)>;
  using WatchHandle = std::shared_ptr<void>;
  virtual Result<WatchHandle> watch(std::string_view prefix, Revision after, Sink sink) = 0;

  /// Forgets history up to and including `through`; the present state stays.
  virtual Result<> compact(Revision through) = 0;

  /// The newest revision.
  virtual Revision revision() = 0;
};

}  // namespace nodal::master
