// tests/unit/nodectl/copy_test.cc — cp: what is named, where it lands, and archives there and back.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/handle.h"
#include "nodectl/copy/archive.h"
#include "nodectl/copy/paths.h"
#include "nodectl/program.h"

namespace nodal::nodectl {
namespace {

TEST(CopyPlace, IsAFileHereOrInAPod) {
  EXPECT_FALSE(parse_place("a/b")->remote());
  EXPECT_EQ(parse_place("web:/tmp/a:b")->pod, "web");
  EXPECT_EQ(parse_place("web:/tmp/a:b")->file, "/tmp/a:b");
  EXPECT_EQ(parse_place("prod/web:x")->ns, "prod");
  for (const char* bad : {":x", "a/b/c:x", "/web:x", "ns/:x"})
    EXPECT_FALSE(parse_place(bad)) << bad;
}

TEST(CopyPaths, AreCleaned) {
  EXPECT_EQ(clean_path("a//b/../c/"), "a/c");
  EXPECT_EQ(clean_path(""), ".");
  EXPECT_EQ(clean_path("/"), "/");
  EXPECT_EQ(folder_of("/a"), "/");
  EXPECT_EQ(folder_of("a"), ".");
  EXPECT_EQ(folder_of("/a/b/"), "/a");
  EXPECT_EQ(last_of("/a/b/"), "b");
  EXPECT_EQ(joined_path("/a", "."), "/a");
}

TEST(CopyPaths, PrefixIsWhatTarWrites) {
  EXPECT_EQ(prefix_in_archive("/tmp/a/"), "tmp/a");
  EXPECT_EQ(prefix_in_archive("../../etc"), "etc");
  EXPECT_EQ(prefix_in_archive("."), "");
  EXPECT_EQ(prefix_in_archive("/"), "");
  EXPECT_EQ(after_prefix("tmp/a/b", "tmp/a"), "b");
  EXPECT_EQ(after_prefix("./a", ""), "a");
  EXPECT_EQ(after_prefix("tmp/a", "tmp/a"), "");
  EXPECT_EQ(after_prefix("tmp/ab", "tmp/a"), std::nullopt) << "another file";
  EXPECT_EQ(after_prefix("etc/passwd", "tmp/a"), std::nullopt);
}

TEST(CopyPaths, NothingLandsOutside) {
  EXPECT_EQ(landing("/d", ""), "/d");
  EXPECT_EQ(landing("/d", "a/../b"), "/d/b");
  EXPECT_EQ(landing(".", "a"), "a");
  EXPECT_EQ(landing("/d", "../x"), std::nullopt);
  EXPECT_EQ(landing("/d", "a/../../x"), std::nullopt);
  EXPECT_EQ(landing("/d", ".."), std::nullopt);
  EXPECT_EQ(landing("/d", "..x"), "/d/..x");
}

class Archive : public testing::Test {
 protected:
  // Packed into a file, so that a test may look at it and break it.
  Result<> to_file(const std::string& path, const std::string& name) {
    const UniqueFd out(::open(at("tar").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    return pack(out.get(), path, name, note_);
  }
  Result<> from_file(const std::string& prefix, const std::string& target) {
    const UniqueFd in(::open(at("tar").c_str(), O_RDONLY | O_CLOEXEC));
    return unpack(in.get(), prefix, target, "own", note_);
  }
  std::string at(const std::string& name) { return folder_.path() + "/" + name; }

  ScratchFolder folder_ = ScratchFolder::make("copy-test").value();
  std::vector<std::string> notices_;
  CopyNotice note_ = [this](const std::string& line) { notices_.push_back(line); };
};

TEST_F(Archive, GoesThereAndBack) {
  const std::string big(3'000'000, 'x');
  ASSERT_TRUE(file::make_folders(at("tree/deep")));
  ASSERT_TRUE(file::write(at("tree/deep/big"), big));
  ASSERT_TRUE(file::write(at("tree/empty"), ""));
  std::filesystem::create_symlink("deep", at("tree/link"));
  ASSERT_TRUE(to_file(at("tree"), "name"));
  ASSERT_TRUE(from_file("name", at("back")));
  EXPECT_EQ(file::read(at("back/deep/big")).value(), big);
  EXPECT_EQ(file::read(at("back/empty")).value(), "");
  EXPECT_FALSE(file::exists(at("back/link")));
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_NE(notices_[0].find("skipping symlink"), std::string::npos);
}

TEST_F(Archive, AFileGoesIntoAFolderThatIsThere) {
  ASSERT_TRUE(file::write(at("one"), "1"));
  ASSERT_TRUE(file::make_folders(at("there")));
  ASSERT_TRUE(to_file(at("one"), "one"));
  ASSERT_TRUE(from_file("one", at("there")));
  EXPECT_EQ(file::read(at("there/own")).value(), "1");
}

TEST_F(Archive, SkipsWhatCannotBeSent) {
  ASSERT_TRUE(file::make_folders(at("tree")));
  ASSERT_EQ(::mkfifo(at("tree/pipe").c_str(), 0600), 0);
  ASSERT_TRUE(to_file(at("tree"), "t"));
  EXPECT_EQ(notices_.size(), 1u);
}

TEST_F(Archive, BrokenStreamsAreErrors) {
  ASSERT_TRUE(file::write(at("tar"), std::string(5'000, 'x')));
  EXPECT_FALSE(from_file("", at("back")));
  ASSERT_TRUE(file::write(at("one"), std::string(100'000, '1')));
  ASSERT_TRUE(to_file(at("one"), "one"));
  ASSERT_EQ(::truncate(at("tar").c_str(), 50'000), 0);
  EXPECT_FALSE(from_file("one", at("back"))) << "cut off";
  ASSERT_TRUE(file::write(at("tar"), ""));
  EXPECT_TRUE(from_file("one", at("back"))) << "tar found nothing, and has said so itself";
  EXPECT_FALSE(to_file(at("nowhere"), "n"));
}

}  // namespace
}  // namespace nodal::nodectl
