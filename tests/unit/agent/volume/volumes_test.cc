// tests/unit/agent/volume/volumes_test.cc — projected files: whole or not at all, and no way out of
// the volume.
#include "agent/volume/volumes.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/volume/sub_path.h"
#include "api-client/codec/codec.h"
#include "base/file.h"
#include "tests/support/scripted_transport.h"

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

  // What is mounted here is seen by nobody else, and gone with the test's process.
  static bool may_mount() {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }

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
  ASSERT_TRUE(volumes.remove("u"));
  EXPECT_NE(prepared(pod(none + "}")).find("references non-existent config key: z"),
            std::string::npos);
  EXPECT_EQ(prepared(pod(none + R"(,"optional":true})")), "");
  ASSERT_TRUE(volumes.remove("u"));
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

// What is at a path, whatever it is called.
std::pair<dev_t, ino_t> at(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? std::pair(st.st_dev, st.st_ino)
                                        : std::pair(dev_t{0}, ino_t{0});
}

TEST_F(PodVolumes, ASubPathIsMadeAndNeverFollowsALink) {
  if (!may_mount()) GTEST_SKIP() << "not root";
  const auto p = pod(R"("emptyDir":{})", R"j(,"subPathExpr":"d/$(SUB)")j");
  ASSERT_EQ(prepared(p), "");
  const std::string folder = path + "/pods/u/volumes/kubernetes.io~empty-dir/v";
  EXPECT_EQ(host_path(p), path + "/pods/u/subpaths/c/0");
  EXPECT_EQ(at(host_path(p)), at(folder + "/d/x")) << "also when the container starts again";
  ASSERT_EQ(::symlink("/etc", (folder + "/out").c_str()), 0);
  EXPECT_NE(host_path(pod(R"("emptyDir":{})", R"(,"subPath":"out/x")")).find("symbolic link"),
            std::string::npos);
  EXPECT_NE(host_path(pod(R"("emptyDir":{})", R"(,"subPath":"../x")")).find("error"),
            std::string::npos);
  EXPECT_TRUE(volumes.remove("u"));
}

TEST_F(PodVolumes, ASubPathStaysWhatItWasWhenAContainerExchangesIt) {
  if (!may_mount()) GTEST_SKIP() << "not root";
  const auto p = pod(R"("emptyDir":{})", R"(,"subPath":"d")");
  ASSERT_EQ(prepared(p), "");
  const std::string folder = path + "/pods/u/volumes/kubernetes.io~empty-dir/v";
  const auto given = host_path(p);
  const auto before = at(folder + "/d");
  ASSERT_EQ(::rename((folder + "/d").c_str(), (folder + "/e").c_str()), 0);
  ASSERT_EQ(::symlink("/", (folder + "/d").c_str()), 0);
  EXPECT_EQ(at(given), before) << "the runtime is given what was checked";
}

TEST_F(PodVolumes, WhatASubPathLedToIsStillThereWhenThePodHasEnded) {
  if (!may_mount()) GTEST_SKIP() << "not root";
  ASSERT_TRUE(file::make_folders(path + "/host/d"));
  ASSERT_TRUE(file::write(path + "/host/d/kept", "1"));
  const auto p = pod(R"("hostPath":{"path":")" + path + R"(/host"})", R"(,"subPath":"d")");
  ASSERT_EQ(prepared(p), "");
  EXPECT_EQ(file::read(host_path(p) + "/kept").value_or(""), "1");
  ASSERT_TRUE(volumes.remove("u"));
  EXPECT_TRUE(volumes.present().empty());
  EXPECT_EQ(read("host/d/kept"), "1");
}

TEST_F(PodVolumes, ASubPathOfAConfigMapIsTheFileOfThisMoment) {
  if (!may_mount()) GTEST_SKIP() << "not root";
  const auto p = pod(R"("configMap":{"name":"settings"})", R"(,"subPath":"a")");
  ASSERT_EQ(prepared(p), "");
  const auto found = host_path(p);
  EXPECT_EQ(file::read(found).value_or("nothing"), "1") << found;
  settings["a"] = "3";
  ASSERT_EQ(prepared(p), "");
  EXPECT_EQ(file::read(found).value_or("nothing"), "1") << "for as long as the container runs";
  EXPECT_EQ(file::read(host_path(p)).value_or("nothing"), "3");
  EXPECT_TRUE(volumes.remove("u"));
}

TEST_F(PodVolumes, OneThatFailsHoldsUpNoOther) {
  auto p = pod(R"("configMap":{"name":"none"})");
  p.spec.volumes.push_back(pod(R"("configMap":{"name":"settings"})").spec.volumes[0]);
  p.spec.volumes[1].name = "w";
  EXPECT_NE(prepared(p).find("volume \"v\""), std::string::npos);
  EXPECT_EQ(read("pods/u/volumes/kubernetes.io~configmap/w/a"), "1");
}

TEST_F(PodVolumes, OneThatIsSetUpStaysWhateverBecameOfItsObject) {
  const auto p = pod(R"("configMap":{"name":"settings"})");
  ASSERT_EQ(prepared(p), "");
  references.config_map = [](const std::string&) -> Result<Values> {
    return fail(Errc::unavailable, "connection refused");
  };
  EXPECT_EQ(prepared(p), "");
  references.config_map = [](const std::string&) -> Result<Values> {
    return fail(Errc::not_found, "");
  };
  EXPECT_EQ(prepared(p), "");
  EXPECT_EQ(read(of_config_map + "a"), "1");
}

TEST_F(PodVolumes, TheModeOfAnEmptyDirIsItsApplications) {
  const auto p = pod(R"("emptyDir":{})");
  ASSERT_EQ(prepared(p), "");
  const std::string folder = "pods/u/volumes/kubernetes.io~empty-dir/v";
  ASSERT_EQ(::chmod((path + "/" + folder).c_str(), 0700), 0);
  ASSERT_EQ(prepared(p), "");
  EXPECT_EQ(mode(folder), 0700u);
}

TEST_F(PodVolumes, ItIsKnownWhatADownwardVolumeTells) {
  const auto told = [&](const std::string& field) {
    return Volumes::told_downward(pod(
        R"("downwardAPI":{"items":[{"path":"x","fieldRef":{"fieldPath":")" + field + R"("}}]})"));
  };
  EXPECT_NE(told("metadata.labels").find("a=b"), std::string::npos);
  EXPECT_NE(told("metadata.annotations['x']"), "");
  EXPECT_EQ(told("metadata.namespace"), "");
  EXPECT_EQ(Volumes::told_downward(pod(R"("emptyDir":{})")), "");
}

// A pod with a token beside a ConfigMap in one volume.
class TokenVolume : public PodVolumes {
 protected:
  struct SetClock final : Clock {
    TimePoint time = std::chrono::floor<std::chrono::seconds>(SystemClock().now());
    [[nodiscard]] TimePoint now() const override { return time; }
  };
  core_v1::Pod with_token(const std::string& more = "") {
    auto p = pod(
        R"("projected":{"sources":[{"serviceAccountToken":{"path":"token","audience":"a\"b"}},
            {"configMap":{"name":"settings"}}]})" +
        more);
    return p;
  }
  std::string set_up(const core_v1::Pod& p) {
    const auto done = ours.prepare(p, "10.0.0.5", references);
    return done ? "" : done.error().message;
  }
  void TearDown() override { EXPECT_TRUE(ours.remove("u")); }

  const std::string folder = "pods/u/volumes/kubernetes.io~projected/v/";
  std::vector<std::string> bodies;
  std::shared_ptr<test::ScriptedTransport> api = std::make_shared<test::ScriptedTransport>(
      [this](const http::Request& request, std::size_t asked) -> Result<http::Response> {
        bodies.push_back(request.body);
        http::Response out;
        out.append(text::cat(R"({"status":{"token":"token-)", asked, "\"}}"));
        return out;
      });
  SetClock time;
  Volumes ours{path, std::make_shared<client::Client>(api, "test/1"), node, time};
};

TEST_F(TokenVolume, ATokenIsRenewedByItsOwnAgeWhateverElseChanges) {
  if (!may_mount()) GTEST_SKIP() << "not root";
  const auto p = with_token();
  ASSERT_EQ(set_up(p), "");
  EXPECT_EQ(read(folder + "token"), "token-1");
  EXPECT_NE(bodies.at(0).find(R"("audiences":["a\"b"])"), std::string::npos) << bodies.at(0);
  for (int i = 0; i < 4; ++i) {
    time.time += std::chrono::minutes(11);
    settings["a"] = std::to_string(i);
    ASSERT_EQ(set_up(p), "");
    EXPECT_EQ(read(folder + "a"), std::to_string(i));
    EXPECT_EQ(read(folder + "token"), "token-1");
  }
  time.time += std::chrono::minutes(4);  // four fifths of an hour
  ASSERT_EQ(set_up(p), "");
  EXPECT_EQ(read(folder + "token"), "token-2");
}

TEST_F(TokenVolume, ATokenIsTheirsAloneWhenItIsKnownWhoTheyAre) {
  if (!may_mount()) GTEST_SKIP() << "not root";
  const auto owner = [&] {
    struct stat st {};
    return ::stat((path + "/" + folder + "token").c_str(), &st) == 0 ? st.st_uid : 999999;
  };
  auto p = with_token();
  ASSERT_EQ(set_up(p), "");
  EXPECT_EQ(mode(folder + "token"), 0644u);
  ASSERT_TRUE(ours.remove("u"));
  p.spec.security_context.emplace().run_as_user = 1234;
  ASSERT_EQ(set_up(p), "");
  EXPECT_EQ(mode(folder + "token"), 0600u);
  EXPECT_EQ(owner(), 1234u);
  EXPECT_EQ(mode(folder + "a"), 0644u);
  ASSERT_TRUE(ours.remove("u"));
  p.spec.init_containers = p.spec.containers;
  p.spec.init_containers[0].security_context.emplace().run_as_user = 1;
  ASSERT_EQ(set_up(p), "");
  EXPECT_EQ(mode(folder + "token"), 0644u) << "several users have to read it";
  ASSERT_TRUE(ours.remove("u"));
  p.spec.security_context->fs_group = ::getgid();
  ASSERT_EQ(set_up(p), "");
  EXPECT_EQ(mode(folder + "token"), 0640u);
}

TEST_F(PodVolumes, AVolumeOfAnUnknownKindIsRefused) {
  EXPECT_NE(prepared(pod(R"("nfs":{"server":"x","path":"/"})")).find("not supported"),
            std::string::npos);
}

}  // namespace
}  // namespace nodal::agent
