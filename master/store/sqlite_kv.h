// master/store/sqlite_kv.h — the durable KvStore of a single master: SQLite, one writer, group
// commit.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>

#include "base/handle.h"
#include "master/store/present.h"
#include "master/store/seal.h"

struct sqlite3;
struct sqlite3_stmt;

namespace nodal::master {

void close_sqlite(sqlite3* database);
void finalize_sqlite(sqlite3_stmt* statement);

/// Reads come from memory. Writes that wait at the same time become one transaction and one sync of
/// the disk (WAL, synchronous=FULL); a write returns when that is done, and watchers hear of it
/// only then. When the disk fails, the writes of that transaction fail with `unavailable`, nothing
/// of them is kept, reads go on, and the next write tries again. Thread-safe. Only one process may
/// have the file open.
class SqliteKv final : public KvStore {
 public:
  struct Options {
    std::string path;
    std::optional<Seal> seal;
    Present::Limits limits;
    int most_pages = 0;  ///< of 4 KiB; 0: no limit but the disk's
  };
  /// @errors invalid for a file that is no store or is damaged; unavailable when another process
  /// has it
  static Result<std::unique_ptr<SqliteKv>> open(Options options);
  ~SqliteKv() override;

  Result<Entry> get(std::string_view key) override { return present_.get(key); }
  Result<Page> list(std::string_view prefix, Revision at, std::string_view after,
                    int limit) override {
    return present_.list(prefix, at, after, limit);
  }
  Result<Entry> put(std::string_view key, const Encoder& encode, Expect expect) override;
  Result<Revision> erase(std::string_view key, Expect expect) override;
  Result<WatchHandle> watch(std::string_view prefix, Revision after, Sink sink) override {
    return present_.watch(prefix, after, std::move(sink));
  }
  Result<> compact(Revision through) override { return present_.compact(through); }
  Revision revision() override { return present_.revision(); }

 private:
  struct Write {
    std::string_view key;
    const Encoder* encode = nullptr;  ///< null: erase
    Expect expect;
    std::optional<Result<Entry>> outcome;
    std::binary_semaphore done{0};  ///< its writer wakes, and nobody else
  };
  using Database = Handle<sqlite3, &close_sqlite>;
  using Statement = Handle<sqlite3_stmt, &finalize_sqlite>;

  explicit SqliteKv(Options options) : options_(std::move(options)), present_(options_.limits) {}
  Result<> open_database();
  Result<> load();
  Result<Entry> submit(Write& write);
  void run();
  /// Commits and answers a batch. False: it was refused whole, and nothing of it is kept.
  bool settle(const std::vector<Write*>& batch);
  struct Committed {
    std::vector<Event> events;  ///< to tell, in order
    std::vector<std::pair<Write*, Result<Entry>>> outcomes;
  };
  /// One transaction of all these.
  Result<Committed> commit(const std::vector<Write*>& writes);
  Result<> execute(const char* sql);
  [[nodiscard]] std::unexpected<Error> failure(std::string_view what) const;

  const Options options_;
  Database database_;
  Statement put_, erase_, counter_;
  Present present_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<Write*> waiting_;  // under mutex_
  bool stopping_ = false;       // under mutex_
  bool failing_ = false;        // the writer's: the last commit failed
  std::thread writer_;
};

}  // namespace nodal::master
