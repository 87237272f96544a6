// tests/unit/base/descriptors_test.cc — the limit of open files, of this process and of programs
// that it starts; what happens when there are none left.
#include "base/descriptors.h"

#include <gtest/gtest.h>

#include "base/loop/stop.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace nodal {
namespace {

// Each test leaves the limits as they were.
class Descriptors : public testing::Test {
 protected:
  void SetUp() override { ::getrlimit(RLIMIT_NOFILE, &found_); }
  void TearDown() override { ::setrlimit(RLIMIT_NOFILE, &found_); }
  static void set(rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  rlimit found_{};
};

TEST_F(Descriptors, AreRaisedHereAndNotInPrograms) {
  ASSERT_GT(found_.rlim_max, 200u);
  set(200, found_.rlim_max);
  raise_descriptor_limit();
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, found_.rlim_max);
  const auto shell =
      run_program({.program = "/bin/sh", .arguments = {"-c", "ulimit -Sn; ulimit -Hn"}});
  ASSERT_TRUE(shell) << shell.error().message;
  EXPECT_EQ(shell->output, text::cat("200\n", found_.rlim_max, "\n"));
}

TEST_F(Descriptors, AProgramThatIsNotThereIsAnError) {
  const auto none = run_program({.program = "/nonexistent/program"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
}

TEST_F(Descriptors, WithoutThemAStopCannotBeHeardAndSaysSo) {
  const std::stop_source stop;
  EXPECT_TRUE(StopFd(stop.get_token()).ready());
  EXPECT_TRUE(StopFd(std::stop_token()).ready());
  set(0, found_.rlim_max);
  const StopFd deaf(stop.get_token());
  set(found_.rlim_cur, found_.rlim_max);
  ASSERT_FALSE(deaf.ready());
  EXPECT_EQ(deaf.ready().error().code, Errc::unavailable);
}

}  // namespace
}  // namespace nodal
