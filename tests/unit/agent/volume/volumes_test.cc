// tests/unit/agent/volume/volumes_test.cc — projected files: whole or not at all, and no way out of
// the volume.
#include "agent/volume/volumes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "api-client/codec/codec.h"
#include "base/file.h"

namespace nodal::agent {
namespace {

class Folder : public testing::Test {
 protected:
  Folder() {
    char name[] = "/tmp/nodal-volumes-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() override { static_cast<void>(file::remove_all(path)); }

  [[nodiscard]] std::string read(const std::string& name) const {
    const auto bytes = file::read(path + "/" + name);
    return bytes ? *bytes : "nothing";
  }
  [[nodiscard]] std::string target() const {
    char out[256];
    const auto size = ::readlink((path + "/..data").c_str(), out, sizeof out);
    return size < 0 ? "" : std::string(out, static_cast<std::size_t>(size));
  }
  /// All but the folder that ..data leads to.
  [[nodiscard]] std::vector<std::string> names() const {
    auto out = file::list(path).value();
    std::erase(out, target());
    std::ranges::sort(out);
    return out;
  }
  [[nodiscard]] mode_t mode(const std::string& name) const {
    struct stat st {};
    return ::stat((path + "/" + name).c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
  }

  std::string path;
};

using Projected = Folder;

TEST_F(Projected, FilesAppearBehindOneLinkWithTheirModes) {
  ASSERT_TRUE(write_atomically(path, {{"a", "1", 0644}, {"d/b", "2", 0400}}));
  EXPECT_EQ(read("a"), "1");
  EXPECT_EQ(read("d/b"), "2");
  EXPECT_EQ(mode("a"), 0644u);
  EXPECT_EQ(mode("d/b"), 0400u);
  EXPECT_EQ(names(), (std::vector<std::string>{"..data", "a", "d"}));
}

TEST_F(Projected, ThePodsGroupMayReadWhateverTheModeSays) {
  ASSERT_TRUE(write_atomically(path, {{"key", "1", 0400}, {"d/open", "2", 0644}}, ::getgid()));
  EXPECT_EQ(mode("key"), 0440u);
  EXPECT_EQ(mode("d/open"), 0644u);
  struct stat st {};
  ASSERT_EQ(::stat((path + "/key").c_str(), &st), 0);
  EXPECT_EQ(st.st_gid, ::getgid());
}

TEST_F(Projected, TheSameFilesAreNotWrittenAgain) {
  ASSERT_TRUE(write_atomically(path, {{"a", "1"}}));
  const auto before = target();
  ASSERT_TRUE(write_atomically(path, {{"a", "1"}}));
  EXPECT_EQ(target(), before);
}

TEST_F(Projected, AChangeTurnsTheLinkToAFreshFolder) {
  ASSERT_TRUE(write_atomically(path, {{"a", "1"}, {"b", "1"}}));
  const auto before = target();
  ASSERT_TRUE(write_atomically(path, {{"a", "2"}, {"b", "2"}}));
  EXPECT_NE(target(), before);
  EXPECT_EQ(read("a") + read("b"), "22");
  EXPECT_FALSE(file::exists(path + "/" + before)) << "the old one is gone";
}

TEST_F(Projected, WhatIsNoLongerWantedVanishes) {
  ASSERT_TRUE(write_atomically(path, {{"a", "1"}, {"d/b", "2"}, {"d/c", "3"}}));
  ASSERT_TRUE(write_atomically(path, {{"d/b", "2"}, {"d/c", "3"}}));
  EXPECT_EQ(names(), (std::vector<std::string>{"..data", "d"}));
  ASSERT_TRUE(write_atomically(path, {{"d/b", "2"}}));
  EXPECT_EQ(read("d/c"), "nothing") << "also inside a folder that stays";
  ASSERT_TRUE(write_atomically(path, {}));
  EXPECT_EQ(names(), std::vector<std::string>{"..data"});
}

TEST_F(Projected, OfTwoFilesWithOnePathTheLaterCounts) {
  ASSERT_TRUE(write_atomically(path, {{"a", "1"}, {"a", "2"}}));
  EXPECT_EQ(read("a"), "2");
  const auto before = target();
  ASSERT_TRUE(write_atomically(path, {{"a", "1"}, {"a", "2"}}));
  EXPECT_EQ(target(), before);
}

TEST_F(Projected, WhatCannotBeWrittenLeavesTheOldFilesAndNoLitter) {
  ASSERT_TRUE(write_atomically(path, {{"a", "1"}}));
  const auto before = names();
  EXPECT_FALSE(write_atomically(path, {{"a", "2"}, {"a/b", "3"}})) << "a file and a folder";
  EXPECT_EQ(names(), before);
  EXPECT_EQ(read("a"), "1");
}

TEST(RelativePath, LeadsNowhereElse) {
  for (const char* good : {"a", "a/b", "a..b", ".a", "a/..b"})
    EXPECT_TRUE(check_relative(good)) << good;
  for (const char* bad : {"", "/a", "..", "../a", "a/..", "a/../b", "a//b", "a/", "..data"})
    EXPECT_FALSE(check_relative(bad)) << bad;
}

class PodVolumes : public Folder {
 protected:
  PodVolumes() {
    references.config_map = [this](const std::string& name) -> Result<Values> {
      if (name == "settings") return settings;
      return fail(Errc::not_found, "");
    };
    references.secret = references.config_map;
  }

  static core_v1::Pod pod(const std::string& volume, const std::string& mount = "") {
    return codec::decode<core_v1::Pod>(
               R"({"metadata":{"namespace":"ns","name":"p","uid":"u","labels":{"a":"b"}},
                   "spec":{"volumes":[{"name":"v",)" +
               volume +
               R"(}],"containers":[{"name":"c","volumeMounts":[{"name":"v","mountPath":"/v")" +
               mount + "}]}]}}")
        .value();
  }
  std::string prepared(const core_v1::Pod& pod) {
    const auto done = volumes.prepare(pod, "10.0.0.5", references);
    return done ? "" : done.error().message;
  }
  std::string host_path(const core_v1::Pod& pod) {
    const auto mounts = volumes.mounts(pod, pod.spec.containers[0], {{"SUB", "x"}});
    return mounts ? mounts->front().host_path : "error: " + mounts.error().message;
  }
  const std::string of_config_map = "pods/u/volumes/kubernetes.io~configmap/v/";

  Values settings{{"a", "1"}, {"b", "2"}};
  References references;
  SystemClock clock;
  NodeFactsForPods node{"node1", "192.0.2.1", 1000, 1000};
  Volumes volumes{path, nullptr, node, clock};
};

TEST_F(PodVolumes, AConfigMapIsAFolderOfItsKeys) {
  const auto p = pod(R"("configMap":{"name":"settings","defaultMode":256})");
  ASSERT_EQ(prepared(p), "");
  EXPECT_EQ(read(of_config_map + "a"), "1");
  EXPECT_EQ(mode(of_config_map + "b"), 0400u);
  settings = {{"a", "3"}};
  ASSERT_EQ(prepared(p), "");
  EXPECT_EQ(read(of_config_map + "a"), "3");
  EXPECT_EQ(read(of_config_map + "b"), "nothing");
  EXPECT_EQ(volumes.present(), std::vector<std::string>{"u"});
  ASSERT_TRUE(volumes.remove("u"));
  EXPECT_TRUE(volumes.present().empty());
}

TEST_F(PodVolumes, ItemsChooseKeysPathsAndModes) {
  const std::string items =
      R"("configMap":{"name":"settings","items":[{"key":"a","path":"etc/x","mode":384}]})";
  ASSERT_EQ(prepared(pod(items)), "");
  EXPECT_EQ(read(of_config_map + "etc/x"), "1");
  EXPECT_EQ(mode(of_config_map + "etc/x"), 0600u);
  EXPECT_EQ(read(of_config_map + "b"), "nothing");
  const std::string none = R"("configMap":{"name":"settings","items":[{"key":"z","path":"z"}])";
  EXPECT_NE(prepared(pod(none + "}")).find("references non-existent config key: z"),
            std::string::npos);
  EXPECT_EQ(prepared(pod(none + R"(,"optional":true})")), "");
  EXPECT_NE(prepared(pod(R"("configMap":{"name":"settings","items":[{"key":"a","path":"../a"}]})")),
            "");
}

TEST_F(PodVolumes, AnAbsentObjectIsAnErrorUnlessOptional) {
  EXPECT_NE(prepared(pod(R"("configMap":{"name":"none"})")).find("configmap \"none\" not found"),
            std::string::npos);
  EXPECT_EQ(prepared(pod(R"("configMap":{"name":"none","optional":true})")), "");
}

TEST_F(PodVolumes, NoKeyLeavesTheVolume) {
  settings = {{"..", "x"}};
  EXPECT_NE(prepared(pod(R"("configMap":{"name":"settings"})")), "");
}

TEST_F(PodVolumes, TheDownwardApiAsFiles) {
  const std::string volume =
      R"("downwardAPI":{"items":[{"path":"labels","fieldRef":{"fieldPath":"metadata.labels"}},
          {"path":"ip","fieldRef":{"fieldPath":"status.podIP"}}]})";
  ASSERT_EQ(prepared(pod(volume)), "");
  EXPECT_EQ(read("pods/u/volumes/kubernetes.io~downward-api/v/labels"), "a=\"b\"");
  EXPECT_EQ(read("pods/u/volumes/kubernetes.io~downward-api/v/ip"), "10.0.0.5");
  EXPECT_TRUE(Volumes::needs_refresh(pod(volume)));
  EXPECT_FALSE(Volumes::needs_refresh(pod(R"("emptyDir":{})")));
}

TEST_F(PodVolumes, AnEmptyDirBelongsToEverybodyAndKeepsWhatIsInIt) {
  const auto p = pod(R"("emptyDir":{})");
  ASSERT_EQ(prepared(p), "");
  const std::string folder = "pods/u/volumes/kubernetes.io~empty-dir/v";
  EXPECT_EQ(mode(folder), 0777u);
  ASSERT_TRUE(file::write(path + "/" + folder + "/kept", "1"));
  ASSERT_EQ(prepared(p), "");
  EXPECT_EQ(read(folder + "/kept"), "1");
}

TEST_F(PodVolumes, HostPathsAreWhatTheySay) {
  const auto typed = [&](const std::string& type, const std::string& name) {
    return prepared(
        pod(R"("hostPath":{"path":")" + path + "/" + name + R"(","type":")" + type + R"("})"));
  };
  ASSERT_TRUE(file::write(path + "/file", ""));
  EXPECT_EQ(typed("File", "file"), "");
  EXPECT_NE(typed("Directory", "file"), "");
  EXPECT_NE(typed("Directory", "absent"), "");
  EXPECT_NE(typed("Socket", "file"), "");
  EXPECT_EQ(typed("DirectoryOrCreate", "new/folder"), "");
  EXPECT_TRUE(file::exists(path + "/new/folder"));
  EXPECT_EQ(typed("FileOrCreate", "new/file"), "");
}

TEST_F(PodVolumes, MountsAreReadOnlyWhereTheVolumeIsOurs) {
  const auto p = pod(R"("configMap":{"name":"settings"})");
  ASSERT_EQ(prepared(p), "");
  const auto mounts = volumes.mounts(p, p.spec.containers[0], {}).value();
  ASSERT_EQ(mounts.size(), 3u);
  EXPECT_EQ(mounts[0].container_path, "/v");
  EXPECT_TRUE(mounts[0].read_only);
  EXPECT_EQ(mounts[1].container_path, "/etc/hosts");
  EXPECT_EQ(mounts[2].container_path, "/etc/resolv.conf");
}

TEST_F(PodVolumes, ASubPathIsMadeAndNeverFollowsALink) {
  const auto p = pod(R"("emptyDir":{})", R"j(,"subPathExpr":"d/$(SUB)")j");
  ASSERT_EQ(prepared(p), "");
  const std::string folder = path + "/pods/u/volumes/kubernetes.io~empty-dir/v";
  EXPECT_EQ(host_path(p), folder + "/d/x");
  EXPECT_TRUE(file::exists(folder + "/d/x"));
  ASSERT_EQ(::symlink("/etc", (folder + "/out").c_str()), 0);
  EXPECT_NE(host_path(pod(R"("emptyDir":{})", R"(,"subPath":"out/x")")).find("symbolic link"),
            std::string::npos);
  EXPECT_NE(host_path(pod(R"("emptyDir":{})", R"(,"subPath":"../x")")).find("error"),
            std::string::npos);
}

TEST_F(PodVolumes, ASubPathOfAConfigMapIsTheFileOfThisMoment) {
  const auto p = pod(R"("configMap":{"name":"settings"})", R"(,"subPath":"a")");
  ASSERT_EQ(prepared(p), "");
  const auto found = host_path(p);
  EXPECT_EQ(file::read(found).value_or("nothing"), "1") << found;
}

TEST_F(PodVolumes, AVolumeOfAnUnknownKindIsRefused) {
  EXPECT_NE(prepared(pod(R"("nfs":{"server":"x","path":"/"})")).find("not supported"),
            std::string::npos);
}

}  // namespace
}  // namespace nodal::agent
