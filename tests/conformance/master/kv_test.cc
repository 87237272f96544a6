// tests/conformance/master/kv_test.cc — what every KvStore promises, and what only the durable one
// does.
#include "master/store/kv.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "master/store/memory_kv.h"
#include "master/store/sqlite_kv.h"

namespace nodal::master {
namespace {

Encoder value(std::string text) {
  return [text = std::move(text)](Revision revision) { return text::cat(text, "@", revision); };
}

std::string new_folder() {
  std::string path = "/tmp/nodal-kv-XXXXXX";
  return ::mkdtemp(path.data());
}

struct Maker {
  const char* name;
  std::function<std::unique_ptr<KvStore>(const std::string& folder)> make;
};

class Kv : public testing::TestWithParam<Maker> {
 protected:
  void SetUp() override { store_ = GetParam().make(folder_); }
  void TearDown() override {
    store_.reset();
    EXPECT_TRUE(file::remove_all(folder_));
  }
  std::string folder_ = new_folder();
  std::unique_ptr<KvStore> store_;
};

TEST_P(Kv, RevisionsAreDenseAndInTheValue) {
  for (Revision r = 1; r <= 5; ++r) {
    const auto put = store_->put(text::cat("/a/", r), value("x"), Expect::absent());
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_EQ(put->modified, r);
    EXPECT_EQ(*put->value, text::cat("x@", r));
  }
  EXPECT_EQ(store_->erase("/a/1", Expect::any()).value(), 6u);
  EXPECT_EQ(store_->revision(), 6u);
  EXPECT_EQ(store_->get("/a/1").error().code, Errc::not_found);
  EXPECT_EQ(*store_->get("/a/2")->value, "x@2");
}

TEST(Present, HistoryHasALimitOfBytes) {
  MemoryKv store({.events = 100, .fewest = 50, .bytes = 100, .most_bytes = 1000});
  const std::string large(400, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store.put("/a", value(large), Expect::any()));
  const auto nothing = [](const Event&) {};
  EXPECT_EQ(store.watch("/a", 2, nothing).error().code, Errc::gone) << "though there are five";
  EXPECT_TRUE(store.watch("/a", 3, nothing)) << "two former values fit";
}

TEST_P(Kv, AFailedWriteTakesNoRevision) {
  ASSERT_TRUE(store_->put("/a", value("x"), Expect::absent()));
  EXPECT_EQ(store_->put("/a", value("y"), Expect::absent()).error().code, Errc::already_exists);
  EXPECT_EQ(store_->put("/a", value("y"), Expect::at(7)).error().code, Errc::conflict);
  EXPECT_EQ(store_->put("/b", value("y"), Expect::at(1)).error().code, Errc::not_found);
  EXPECT_EQ(store_->erase("/a", Expect::at(7)).error().code, Errc::conflict);
  EXPECT_EQ(store_->erase("/b", Expect::any()).error().code, Errc::not_found);
  EXPECT_EQ(store_->revision(), 1u);
  const auto put = store_->put("/a", value("y"), Expect::at(1));
  ASSERT_TRUE(put);
  EXPECT_EQ(put->created, 1u);
  EXPECT_EQ(put->modified, 2u);
}

std::string keys(const Result<Page>& page) {
  if (!page) return std::string(name(page.error().code));
  std::string out;
  for (const auto& entry : page->entries) out += text::cat(entry.key, "=", *entry.value, " ");
  return out + (page->more ? text::cat("+", page->remaining) : "");
}

TEST_P(Kv, ListsAreSortedAndComeInPages) {
  for (const char* key : {"/p/b", "/p/a", "/q/a", "/p/c", "/pp"})
    ASSERT_TRUE(store_->put(key, value("v"), Expect::absent()));
  EXPECT_EQ(keys(store_->list("/p/", 0, "", 0)), "/p/a=v@2 /p/b=v@1 /p/c=v@4 ");
  EXPECT_EQ(keys(store_->list("/p/", 0, "", 2)), "/p/a=v@2 /p/b=v@1 +1");
  EXPECT_EQ(keys(store_->list("/p/", 0, "/p/b", 2)), "/p/c=v@4 ");
  EXPECT_EQ(store_->list("/none/", 0, "", 0)->revision, 5u);
}

TEST_P(Kv, AListAtARevisionShowsThatState) {
  ASSERT_TRUE(store_->put("/p/a", value("1"), Expect::any()));
  ASSERT_TRUE(store_->put("/p/b", value("1"), Expect::any()));
  ASSERT_TRUE(store_->put("/p/a", value("2"), Expect::any()));
  ASSERT_TRUE(store_->erase("/p/b", Expect::any()));
  ASSERT_TRUE(store_->put("/p/c", value("1"), Expect::any()));
  EXPECT_EQ(keys(store_->list("/p/", 2, "", 0)), "/p/a=1@1 /p/b=1@2 ");
  EXPECT_EQ(keys(store_->list("/p/", 2, "/p/a", 0)), "/p/b=1@2 ");
  EXPECT_EQ(keys(store_->list("/p/", 4, "", 0)), "/p/a=2@3 ");
  EXPECT_EQ(keys(store_->list("/p/", 0, "", 0)), "/p/a=2@3 /p/c=1@5 ");
  EXPECT_EQ(store_->list("/p/", 99, "", 0).error().code, Errc::invalid);
  ASSERT_TRUE(store_->compact(3));
  EXPECT_EQ(store_->list("/p/", 2, "", 0).error().code, Errc::gone);
  EXPECT_EQ(keys(store_->list("/p/", 4, "", 0)), "/p/a=2@3 ");
}

TEST_P(Kv, AWatchTellsHistoryThenLife) {
  std::vector<std::string> seen;
  ASSERT_TRUE(store_->put("/p/a", value("1"), Expect::any()));
  ASSERT_TRUE(store_->put("/p/a", value("2"), Expect::any()));
  ASSERT_TRUE(store_->put("/q/a", value("1"), Expect::any()));
  auto watch = store_->watch("/p/", 1, [&](const Event& event) {
    seen.push_back(text::cat(event.type == Event::Type::put ? "put " : "erase ", event.entry.key,
                             " ", event.entry.modified,
                             event.previous ? " was " + *event.previous : ""));
  });
  ASSERT_TRUE(watch);
  ASSERT_TRUE(store_->erase("/p/a", Expect::any()));
  ASSERT_TRUE(store_->put("/p/b", value("1"), Expect::any()));
  EXPECT_EQ(seen,
            (std::vector<std::string>{"put /p/a 2 was 1@1", "erase /p/a 4 was 2@2", "put /p/b 5"}));
  watch->reset();
  ASSERT_TRUE(store_->put("/p/c", value("1"), Expect::any()));
  EXPECT_EQ(seen.size(), 3u) << "an ended watch is silent";
  ASSERT_TRUE(store_->compact(4));
  EXPECT_EQ(store_->watch("/p/", 3, [](const Event&) {}).error().code, Errc::gone);
  EXPECT_EQ(store_->watch("/p/", 99, [](const Event&) {}).error().code, Errc::invalid);
}

TEST_P(Kv, WatchersMissNothingWhileManyWrite) {
  constexpr int kThreads = 8;
  constexpr int kEach = 100;
  std::atomic<bool> wrong = false;
  std::vector<KvStore::WatchHandle> watches;
  std::vector<std::unique_ptr<std::atomic<Revision>>> last;
  std::vector<std::thread> threads;
  std::mutex mutex;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        if (!store_->put(text::cat("/p/", t, "/", i % 10), value("v"), Expect::any())) wrong = true;
        if (i % 25 != 0) continue;
        const std::lock_guard lock(mutex);
        auto& counter =
            *last.emplace_back(std::make_unique<std::atomic<Revision>>(store_->revision()));
        auto watch = store_->watch("/p/", counter, [&counter, &wrong](const Event& event) {
          if (event.entry.modified != counter + 1) wrong = true;
          counter = event.entry.modified;
        });
        if (!watch) {
          wrong = true;
        } else {
          watches.push_back(*watch);
        }
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(wrong) << "a gap or a repeat";
  EXPECT_EQ(store_->revision(), static_cast<Revision>(kThreads * kEach));
  for (const auto& counter : last) EXPECT_EQ(*counter, store_->revision());
}

TEST_P(Kv, OfManyWhoWantToBeFirstOneIs) {
  std::atomic<int> first = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      if (store_->put("/a", value("x"), Expect::absent())) ++first;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(first, 1);
}

const Maker kMakers[] = {
    {"Memory", [](const std::string&) { return std::make_unique<MemoryKv>(); }},
    {"Sqlite",
     [](const std::string& folder) -> std::unique_ptr<KvStore> {
       return SqliteKv::open({.path = folder + "/store.db"}).value();
     }},
};
INSTANTIATE_TEST_SUITE_P(Stores, Kv, testing::ValuesIn(kMakers),
                         [](const auto& info) { return info.param.name; });

class Durable : public testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(file::remove_all(folder_)); }
  std::unique_ptr<SqliteKv> open(int most_pages = 0) {
    auto seal = Seal::open(folder_ + "/seal.key", {"/registry/secrets/"});
    EXPECT_TRUE(seal);
    auto store =
        SqliteKv::open({.path = folder_ + "/store.db", .seal = *seal, .most_pages = most_pages});
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  std::string folder_ = new_folder();
};

TEST_F(Durable, StateAndRevisionSurviveARestart) {
  {
    auto store = open();
    ASSERT_TRUE(store->put("/a", value("x"), Expect::any()));
    ASSERT_TRUE(store->put("/b", value("x"), Expect::any()));
    ASSERT_TRUE(store->erase("/a", Expect::any()));
  }
  auto store = open();
  EXPECT_EQ(store->revision(), 3u);
  EXPECT_EQ(keys(store->list("/", 0, "", 0)), "/b=x@2 ");
  EXPECT_EQ(store->watch("/", 1, [](const Event&) {}).error().code, Errc::gone)
      << "history does not survive";
  EXPECT_EQ(store->put("/a", value("x"), Expect::absent())->modified, 4u);
}

TEST_F(Durable, EveryAcknowledgedWriteSurvivesAKill) {
  for (int round = 0; round < 3; ++round) {
    int pipe_fds[2];
    ASSERT_EQ(::pipe(pipe_fds), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = SqliteKv::open({.path = folder_ + "/store.db"});
      for (int i = 0; store; ++i) {
        const auto put = (*store)->put(text::cat("/r", round, "/", i), value("x"), Expect::any());
        if (!put) _exit(1);
        [[maybe_unused]] const auto n = ::write(pipe_fds[1], &i, sizeof i);
      }
      _exit(1);
    }
    ::close(pipe_fds[1]);
    int last = -1;
    for (int i = 0; i < 50; ++i)
      ASSERT_EQ(::read(pipe_fds[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe_fds[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    ::close(pipe_fds[0]);
    auto store = SqliteKv::open({.path = folder_ + "/store.db"});
    ASSERT_TRUE(store) << store.error().message;
    for (int i = 0; i <= last; ++i) ASSERT_TRUE((*store)->get(text::cat("/r", round, "/", i))) << i;
  }
}

TEST_F(Durable, SecretsAreSealedOnTheDisk) {
  {
    auto store = open();
    ASSERT_TRUE(store->put("/registry/secrets/default/s", value("TOPSECRETVALUE"), Expect::any()));
    ASSERT_TRUE(store->put("/registry/configmaps/default/c", value("OPENVALUE"), Expect::any()));
    const auto bytes =
        file::read(folder_ + "/store.db").value() + file::read(folder_ + "/store.db-wal").value();
    EXPECT_EQ(bytes.find("TOPSECRETVALUE"), std::string::npos);
    EXPECT_NE(bytes.find("OPENVALUE"), std::string::npos);
  }
  EXPECT_EQ(*open()->get("/registry/secrets/default/s")->value, "TOPSECRETVALUE@1");
  ASSERT_TRUE(file::remove(folder_ + "/seal.key"));
  const auto other = Seal::open(folder_ + "/seal.key", {"/registry/secrets/"});
  EXPECT_EQ(SqliteKv::open({.path = folder_ + "/store.db", .seal = *other}).error().code,
            Errc::invalid)
      << "another key";
}

TEST_F(Durable, AFullDiskFailsWritesAndLosesNothing) {
  auto store = open(40);
  Errc failed = Errc::internal;
  int written = 0;
  for (int i = 0; i < 100; ++i) {
    const auto put = store->put(text::cat("/a/", i), value(std::string(4000, 'x')), Expect::any());
    if (put) {
      ++written;
    } else {
      failed = put.error().code;
    }
  }
  EXPECT_EQ(failed, Errc::unavailable);
  EXPECT_GT(written, 5);
  EXPECT_EQ(store->revision(), static_cast<Revision>(written));
  EXPECT_TRUE(store->erase("/a/0", Expect::any())) << "room can be made";
  EXPECT_TRUE(store->put("/a/0", value("small"), Expect::any()));
}

TEST_F(Durable, ADamagedFileIsAClearError) {
  ASSERT_TRUE(file::write(folder_ + "/store.db", std::string(8192, 'x')));
  const auto store = SqliteKv::open({.path = folder_ + "/store.db"});
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::invalid);
  EXPECT_NE(store.error().message.find("backup"), std::string::npos);
}

TEST_F(Durable, TwoMastersCannotShareAFile) {
  auto store = open();
  ASSERT_TRUE(store->put("/a", value("x"), Expect::any()));
  const pid_t child = ::fork();
  if (child == 0) {
    const auto second = SqliteKv::open({.path = folder_ + "/store.db"});
    _exit(!second && second.error().code == Errc::unavailable ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace nodal::master
