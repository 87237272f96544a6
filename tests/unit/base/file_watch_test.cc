// tests/unit/base/file_watch_test.cc — one call for files that are written together, none for
// others.
#include "base/loop/file_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <semaphore>

#include "base/file.h"
#include "base/text.h"

namespace nodal {
namespace {

using namespace std::chrono_literals;

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() { EXPECT_TRUE(file::make_folders(folder_)); }
  ~FileWatchTest() override { EXPECT_TRUE(file::remove_all(folder_)); }

  std::string folder_ = text::cat("/tmp/nodal-file-watch-", ::getpid());
  std::counting_semaphore<> told_{0};
};

TEST_F(FileWatchTest, TellsOnceOfWhatIsWrittenTogether) {
  const auto watch =
      FileWatch::start({folder_ + "/key", folder_ + "/crt"}, [&] { told_.release(); }).value();
  ASSERT_TRUE(file::write(folder_ + "/key", "a"));
  ASSERT_TRUE(file::write(folder_ + "/crt", "b"));
  EXPECT_TRUE(told_.try_acquire_for(10s));
  ASSERT_TRUE(file::write(folder_ + "/key", "c"));
  EXPECT_TRUE(told_.try_acquire_for(10s)) << "and again later";
  EXPECT_FALSE(told_.try_acquire_for(1s)) << "two calls for two changes";
}

TEST_F(FileWatchTest, SaysNothingOfOtherFiles) {
  const auto watch = FileWatch::start({folder_ + "/key"}, [&] { told_.release(); }).value();
  ASSERT_TRUE(file::write(folder_ + "/keys", "a"));
  EXPECT_FALSE(told_.try_acquire_for(1s));
}

TEST_F(FileWatchTest, AFolderThatIsNotThereIsAnError) {
  const auto watch = FileWatch::start({folder_ + "/none/key"}, [] {});
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().code, Errc::not_found);
}

}  // namespace
}  // namespace nodal
