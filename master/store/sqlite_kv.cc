// master/store/sqlite_kv.cc — see sqlite_kv.h. The only includer of SQLite.
#include "master/store/sqlite_kv.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <map>

#include "base/log.h"
#include "base/loop/stop.h"
#include "base/text.h"

namespace nodal::master {
namespace {

constexpr int kFormat = 1;
constexpr std::size_t kMostInOne = 1024;

std::string_view column_text(sqlite3_stmt* statement, int column) {
  return {reinterpret_cast<const char*>(sqlite3_column_blob(statement, column)),
          static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace

void close_sqlite(sqlite3* database) { sqlite3_close_v2(database); }
void finalize_sqlite(sqlite3_stmt* statement) { sqlite3_finalize(statement); }

std::unexpected<Error> SqliteKv::failure(std::string_view what) const {
  const int code = sqlite3_errcode(database_.get());
  Errc errc = Errc::internal;
  std::string hint;
  switch (code & 0xff) {
    case SQLITE_FULL:
      errc = Errc::unavailable;
      hint = "; free some space, writes are tried anew";
      break;
    case SQLITE_IOERR:
      errc = Errc::unavailable;
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      errc = Errc::unavailable;
      hint = "; is another master running on it?";
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      errc = Errc::invalid;
      hint = "; restore it from a backup, or move it away to begin anew";
      break;
    default:
      break;
  }
  return fail(errc, text::cat("store ", options_.path, ": ", what, ": ",
                              sqlite3_errmsg(database_.get()), hint));
}

Result<> SqliteKv::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure("write");
  return {};
}

Result<std::unique_ptr<SqliteKv>> SqliteKv::open(Options options) {
  std::unique_ptr<SqliteKv> store(new SqliteKv(std::move(options)));
  NODAL_TRY(store->open_database());
  NODAL_TRY(store->load());
  store->writer_ = std::thread([raw = store.get()] {
    name_thread("store");
    raw->run();
  });
  return store;
}

Result<> SqliteKv::open_database() {
  sqlite3* raw = nullptr;
  const int status =
      sqlite3_open_v2(options_.path.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(raw);
  if (status != SQLITE_OK) return failure("open");
  ::chmod(options_.path.c_str(), 0600);  // the WAL takes the mode of its database
  sqlite3_busy_timeout(raw, 2000);
  NODAL_TRY(execute("PRAGMA locking_mode=EXCLUSIVE"));
  NODAL_TRY(execute("PRAGMA journal_mode=WAL"));
  NODAL_TRY(execute("PRAGMA synchronous=FULL"));
  NODAL_TRY(execute("PRAGMA cache_size=-1024"));
  NODAL_TRY(execute("PRAGMA wal_autocheckpoint=1000"));
  NODAL_TRY(execute("PRAGMA journal_size_limit=8388608"));
  if (options_.most_pages > 0)
    NODAL_TRY(execute(text::cat("PRAGMA max_page_count=", options_.most_pages).c_str()));
  NODAL_TRY(execute("BEGIN IMMEDIATE"));
  NODAL_TRY(
      execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
              "WITHOUT ROWID"));
  NODAL_TRY(
      execute("CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL, "
              "created INTEGER NOT NULL, "
              "modified INTEGER NOT NULL)"));
  NODAL_TRY(execute("INSERT OR IGNORE INTO meta VALUES ('format', 1), ('revision', 0)"));
  NODAL_TRY(execute("COMMIT"));
  const auto prepare = [&](const char* sql, Statement& out) -> Result<> {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
        SQLITE_OK)
      return failure("prepare");
    out.reset(statement);
    return {};
  };
  NODAL_TRY(
      prepare("INSERT INTO entries VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET value = "
              "?2, created = ?3, modified = ?4",
              put_));
  NODAL_TRY(prepare("DELETE FROM entries WHERE key = ?1", erase_));
  NODAL_TRY(prepare("UPDATE meta SET value = ?1 WHERE name = 'revision'", counter_));
  return {};
}

Result<> SqliteKv::load() {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database_.get(), "SELECT name, value FROM meta", -1, &raw, nullptr) !=
      SQLITE_OK)
    return failure("read");
  const Statement meta(raw);
  Revision revision = 0;
  int status = SQLITE_ROW;
  while ((status = sqlite3_step(raw)) == SQLITE_ROW) {
    const auto name = column_text(raw, 0);
    const auto value = sqlite3_column_int64(raw, 1);
    if (name == "format" && value != kFormat)
      return fail(Errc::invalid, text::cat("store ", options_.path, ": has format ", value,
                                           ", this program knows ", kFormat));
    if (name == "revision") revision = static_cast<Revision>(value);
  }
  if (status != SQLITE_DONE) return failure("read");
  if (sqlite3_prepare_v2(database_.get(), "SELECT key, value, created, modified FROM entries", -1,
                         &raw, nullptr) != SQLITE_OK)
    return failure("read");
  const Statement rows(raw);
  std::vector<Entry> entries;
  while ((status = sqlite3_step(raw)) == SQLITE_ROW) {
    Entry entry;
    entry.key = column_text(raw, 0);
    std::string value(column_text(raw, 1));
    if (options_.seal && options_.seal->covers(entry.key))
      value = NODAL_TRY(options_.seal->unseal(entry.key, value));
    entry.value = std::make_shared<const std::string>(std::move(value));
    entry.created = static_cast<Revision>(sqlite3_column_int64(raw, 2));
    entry.modified = static_cast<Revision>(sqlite3_column_int64(raw, 3));
    entries.push_back(std::move(entry));
  }
  if (status != SQLITE_DONE) return failure("read");
  present_.load(std::move(entries), revision);
  return {};
}

SqliteKv::~SqliteKv() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  if (writer_.joinable()) writer_.join();
}

Result<Entry> SqliteKv::put(std::string_view key, const Encoder& encode, Expect expect) {
  Write write{.key = key, .encode = &encode, .expect = expect};
  return submit(write);
}

Result<Revision> SqliteKv::erase(std::string_view key, Expect expect) {
  Write write{.key = key, .encode = nullptr, .expect = expect};
  return NODAL_TRY(submit(write)).modified;
}

Result<Entry> SqliteKv::submit(Write& write) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(Errc::unavailable, "the store is closing");
    waiting_.push_back(&write);
  }
  wanted_.notify_one();
  write.done.acquire();
  return std::move(*write.outcome);
}

void SqliteKv::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<Write*> batch;
    while (!waiting_.empty() && batch.size() < kMostInOne) {
      batch.push_back(waiting_.front());
      waiting_.pop_front();
    }
    lock.unlock();
    // What cannot be written takes nothing else with it.
    if (!settle(batch) && batch.size() > 1)
      for (auto* write : batch) settle({write});
    for (auto* write : batch) write->done.release();
    lock.lock();
  }
}

bool SqliteKv::settle(const std::vector<Write*>& batch) {
  auto committed = commit(batch);
  if (!committed) {
    if (!failing_)
      log::error("writes fail; nothing of them is kept", {{"error", committed.error().message}});
    failing_ = true;
    for (auto* write : batch) write->outcome = std::unexpected(committed.error());
    return false;
  }
  failing_ = false;
  for (const auto& event : committed->events) present_.apply(event);
  for (auto& [write, outcome] : committed->outcomes) write->outcome = std::move(outcome);
  return true;
}

Result<SqliteKv::Committed> SqliteKv::commit(const std::vector<Write*>& writes) {
  Committed out;
  auto& [events, outcomes] = out;
  std::map<std::string_view, std::optional<Entry>> changed;  // by this transaction
  Revision revision = present_.revision();
  NODAL_TRY(execute("BEGIN IMMEDIATE"));
  const auto step = [&](Statement& statement) -> Result<> {
    const int status = sqlite3_step(statement.get());
    auto outcome = status == SQLITE_DONE ? Result<>() : Result<>(failure("write"));
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    return outcome;
  };
  const auto write_all = [&]() -> Result<> {
    for (auto* write : writes) {
      std::optional<Entry> present;
      if (const auto it = changed.find(write->key); it != changed.end()) {
        present = it->second;
      } else if (auto found = present_.get(write->key)) {
        present = std::move(*found);
      }
      auto allowed = Present::check(write->key, present ? &*present : nullptr, write->expect);
      if (allowed && write->encode == nullptr && !present)
        allowed = fail(Errc::not_found, text::cat(write->key, " not found"));
      if (!allowed) {
        outcomes.emplace_back(write, std::unexpected(allowed.error()));
        continue;
      }
      Event event;
      if (write->encode != nullptr) {
        event.entry = {std::string(write->key),
                       std::make_shared<const std::string>((*write->encode)(revision + 1)),
                       present ? present->created : revision + 1, revision + 1};
        std::string sealed;
        const std::string* bytes = event.entry.value.get();
        if (options_.seal && options_.seal->covers(write->key)) {
          sealed = NODAL_TRY(options_.seal->seal(write->key, *bytes));
          bytes = &sealed;
        }
        sqlite3_bind_blob64(put_.get(), 1, write->key.data(), write->key.size(), SQLITE_STATIC);
        sqlite3_bind_blob64(put_.get(), 2, bytes->data(), bytes->size(), SQLITE_STATIC);
        sqlite3_bind_int64(put_.get(), 3, static_cast<sqlite3_int64>(event.entry.created));
        sqlite3_bind_int64(put_.get(), 4, static_cast<sqlite3_int64>(event.entry.modified));
        NODAL_TRY(step(put_));
        changed[write->key] = event.entry;
      } else {
        event.type = Event::Type::erase;
        event.entry = *present;
        event.entry.modified = revision + 1;
        sqlite3_bind_blob64(erase_.get(), 1, write->key.data(), write->key.size(), SQLITE_STATIC);
        NODAL_TRY(step(erase_));
        changed[write->key] = std::nullopt;
      }
      ++revision;
      outcomes.emplace_back(write, event.entry);
      events.push_back(std::move(event));
    }
    sqlite3_bind_int64(counter_.get(), 1, static_cast<sqlite3_int64>(revision));
    return step(counter_);
  };
  auto written = write_all();
  if (written) written = execute("COMMIT");
  if (!written) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return std::unexpected(written.error());
  }
  return out;
}

}  // namespace nodal::master
