// tests/unit/agent/pod/termination_test.cc — the message of a container that has ended.
#include "agent/pod/termination.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

namespace nodal::agent {
namespace {

core_v1::Pod pod_of(std::size_t containers) {
  core_v1::Pod out;
  out.spec.containers.resize(containers);
  return out;
}

TEST(Termination, MessagesOfManyContainersShareTwelveKilobytes) {
  EXPECT_EQ(longest_termination_message(pod_of(1)), 4096u);
  EXPECT_EQ(longest_termination_message(pod_of(3)), 4096u);
  EXPECT_EQ(longest_termination_message(pod_of(12)), 1024u);
}

TEST(Termination, WhatIsNoTextDoesNotReachTheStatus) {
  EXPECT_EQ(printable("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(printable("caf\xC3"), "caf") << "cut in the middle of a character";
  EXPECT_EQ(printable("a\xFF"
                      "b, and more"),
            "a?b, and more");
  EXPECT_EQ(printable(""), "");
}

TEST(Termination, EachAttemptHasItsOwnFileThatAnyUserMayWrite) {
  char name[] = "/tmp/nodal-termination-XXXXXX";
  const std::string folder = ::mkdtemp(name);
  const Terminations terminations(folder);
  core_v1::Container container;
  container.name = "web";
  EXPECT_FALSE(terminations.prepare(container, 0).value());
  container.termination_message_path = "/dev/termination-log";
  const auto first = terminations.prepare(container, 0).value().value();
  const auto second = terminations.prepare(container, 1).value().value();
  EXPECT_EQ(first.container_path, "/dev/termination-log");
  EXPECT_NE(first.host_path, second.host_path);
  struct stat st {};
  ASSERT_EQ(::stat(first.host_path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0666u);
  static_cast<void>(file::remove_all(folder));
}

}  // namespace
}  // namespace nodal::agent
