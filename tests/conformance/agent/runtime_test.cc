// tests/conformance/agent/runtime_test.cc — what every Runtime must do, tried on a real Docker
// Engine and real CNI plugins.
#include "agent/runtime/runtime.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent/pod/pull_secrets.h"
#include "agent/runtime/docker/runtime.h"
#include "base/file.h"
#include "tests/support/docker_fixture.h"

namespace nodal::agent {
namespace {

using namespace std::chrono_literals;
using docker::DockerRuntime;

constexpr const char* kImage = "nodal-test/busybox:1";

test::DockerFixture* engine = nullptr;

class Environment : public ::testing::Environment {
 public:
  void SetUp() override {
    engine = new test::DockerFixture;
    if (engine->absent()) {
      std::puts("skipped: Docker is not installed, or this is not root");
      std::exit(77);
    }
    ASSERT_NE(engine->socket(), "") << "the engine did not start";
    ASSERT_TRUE(engine->make_busybox(kImage));
  }
  void TearDown() override { delete engine; }
};

[[maybe_unused]] const auto* environment = ::testing::AddGlobalTestEnvironment(new Environment);

/// True as soon as `fact` holds, within 10 s.
template <class Fact>
bool eventually(Fact fact) {
  for (const auto until = std::chrono::steady_clock::now() + 10s;
       std::chrono::steady_clock::now() < until; std::this_thread::sleep_for(20ms))
    if (fact()) return true;
  return false;
}

template <class Set>
Runtime::LogOptions options(Set set) {
  Runtime::LogOptions out;
  set(out);
  return out;
}

class RuntimeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto cni = engine->folder() + "/cni";
    ASSERT_TRUE(file::make_folders(cni));
    // Addresses of 198.18.0.0/15 (RFC 2544): no test host routes them.
    ASSERT_TRUE(file::write(
        cni + "/10-test.conflist",
        R"({"cniVersion": "1.0.0", "name": "conformance", "plugins": [{"type": "ptp", "ipMasq": false,
        "ipam": {"type": "host-local", "dataDir": ")" +
            engine->folder() + R"(/ipam", "ranges": [[{"subnet": "198.18.77.0/24"}]],
        "routes": [{"dst": "0.0.0.0/0"}]}}]})"));
    runtime = open();
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    pod = {"tests", std::string(info->name()), "uid-" + std::string(info->name())};
    std::ranges::transform(pod.name, pod.name.begin(), ::tolower);
  }
  void TearDown() override {
    const auto list_of_seen = runtime->list().value();
    for (const auto& seen : list_of_seen) {
      for (const auto& c : seen.containers) EXPECT_TRUE(runtime->remove_container(c.id));
      for (const auto& s : seen.sandboxes) EXPECT_TRUE(runtime->remove_sandbox(s.id));
    }
    // Removal leaves nothing: no container, no record, no address, no link.
    EXPECT_EQ(engine->docker("ps -aq"), "");
    EXPECT_TRUE(
        file::list(engine->folder() + "/records").value_or(std::vector<std::string>()).empty());
    const auto leases =
        file::list(engine->folder() + "/ipam/conformance").value_or(std::vector<std::string>());
    for (const auto& name : leases) EXPECT_FALSE(name.starts_with("198.18.")) << name << " leaked";
    // The kernel takes the links of a namespace that is gone away in its own time.
    EXPECT_TRUE(eventually([] { return std::system("ip route | grep -q 198.18.77") != 0; }));
  }

  static std::unique_ptr<DockerRuntime> open() {
    return std::make_unique<DockerRuntime>(
        docker::DockerOptions{.address = "unix:" + engine->socket(),
                              .cni = {.config_folder = engine->folder() + "/cni",
                                      .plugin_folders = {"/opt/cni/bin", "/usr/lib/cni"},
                                      .record_folder = engine->folder() + "/records",
                                      .timeout = 20s},
                              .log = {},
                              .node_ips = {"192.0.2.1"}});
  }

  [[nodiscard]] SandboxConfig sandbox(std::uint32_t attempt = 0) const {
    SandboxConfig out;
    out.pod = pod;
    out.attempt = attempt;
    out.hostname = "pod-host";
    out.annotations = {{"note", "of the sandbox"}};
    return out;
  }
  [[nodiscard]] ContainerConfig container(std::vector<std::string> command,
                                          std::uint32_t attempt = 0) const {
    ContainerConfig out;
    out.pod = pod;
    out.name = "main";
    out.attempt = attempt;
    out.image = kImage;
    out.command = std::move(command);
    out.env = {{"GREETING", "hello there"}};
    out.annotations = {{"hash", "abc"}};
    return out;
  }
  SeenContainer only() { return runtime->inspect(pod).value().containers.at(0); }
  std::string log_of(const std::string& id, Runtime::LogOptions options = {}) {
    std::string out;
    const auto ended =
        runtime->logs(id, options, [&](std::string_view b) { return out += b, true; }, {});
    EXPECT_TRUE(ended) << ended.error().message;
    return out;
  }
  /// Runs a command to its end; its id.
  std::string run(const std::string& box, std::vector<std::string> command,
                  std::uint32_t attempt = 0) {
    auto id = runtime->start_container(box, container(std::move(command), attempt));
    if (!id) {
      ADD_FAILURE() << id.error().message;
      return "";
    }
    EXPECT_TRUE(eventually([&] {
      const auto list_of_c = runtime->inspect(pod).value().containers;
      for (const auto& c : list_of_c)
        if (c.id == *id) return c.state == ContainerState::exited;
      return false;
    }));
    return *id;
  }

  std::unique_ptr<DockerRuntime> runtime;
  PodRef pod;
};

TEST_F(RuntimeTest, NamesItself) {
  const auto version = runtime->version().value();
  EXPECT_EQ(version.name, "docker");
  EXPECT_FALSE(version.version.empty());
}

TEST_F(RuntimeTest, SandboxHasANetworkAndIsMadeOnce) {
  const auto id = runtime->run_sandbox(sandbox());
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(runtime->run_sandbox(sandbox()).value(), *id);

  const auto seen = runtime->inspect(pod).value();
  ASSERT_EQ(seen.sandboxes.size(), 1u);
  const auto& box = seen.sandboxes[0];
  EXPECT_TRUE(box.ready);
  EXPECT_EQ(seen.pod, pod);
  EXPECT_EQ(box.annotations.at("note"), "of the sandbox");
  ASSERT_EQ(box.ips.size(), 1u);
  EXPECT_TRUE(box.ips[0].starts_with("198.18.77."));
  EXPECT_TRUE(file::exists(box.netns_path));
  EXPECT_EQ(std::system(("busybox ping -c1 -W2 " + box.ips[0] + " >/dev/null").c_str()), 0);

  EXPECT_TRUE(runtime->remove_sandbox(*id));
  EXPECT_TRUE(runtime->remove_sandbox(*id)) << "what is gone is removed";
  EXPECT_TRUE(runtime->inspect(pod).value().sandboxes.empty());
}

TEST_F(RuntimeTest, HostNetworkShowsTheNode) {
  auto config = sandbox();
  config.host_network = true;
  ASSERT_TRUE(runtime->run_sandbox(config));
  const auto box = runtime->inspect(pod).value().sandboxes.at(0);
  EXPECT_TRUE(box.ready && box.host_network);
  EXPECT_EQ(box.ips, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(box.netns_path, "");
}

TEST_F(RuntimeTest, ContainerRunsAsDescribed) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto data = engine->folder() + "/data";
  ASSERT_TRUE(file::make_folders(data));
  ASSERT_TRUE(file::write(data + "/word", "mounted\n"));
  auto config = container({"sh", "-c"});
  config.args = {
      "echo $GREETING; hostname; cat /data/word; id -u; id -g; pwd; grep NoNewPrivs "
      "/proc/self/status; "
      "touch /data/x 2>/dev/null || echo read-only; exit 7"};
  config.mounts = {{data, "/data", true, Mount::Propagation::none}};
  config.security.run_as_user = 1234;
  config.security.run_as_group = 2345;
  config.security.no_new_privileges = true;
  config.working_dir = "/tmp";
  config.resources.memory_limit_bytes = 64 << 20;
  config.resources.oom_score_adj = -999;  // clamped to what is allowed, never fatal
  const auto id = runtime->start_container(box, config).value();
  ASSERT_TRUE(eventually([&] { return only().state == ContainerState::exited; }));
  const auto seen = only();
  EXPECT_EQ(seen.exit_code, 7);
  EXPECT_EQ(seen.name, "main");
  EXPECT_EQ(seen.image, kImage);
  EXPECT_EQ(seen.annotations.at("hash"), "abc");
  EXPECT_LE(seen.created_at, seen.started_at);
  EXPECT_LE(seen.started_at, seen.finished_at);
  const auto log = log_of(id);
  EXPECT_TRUE(log.starts_with("hello there\npod-host\nmounted\n1234\n2345\n/tmp\nNoNewPrivs:\t1\n"))
      << log;
  EXPECT_NE(log.find("read-only\n"), std::string::npos) << log;
}

TEST_F(RuntimeTest, RawSocketsNeedToBeAsked) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto caps = log_of(run(box, {"sh", "-c", "grep CapEff /proc/self/status"}));
  const auto bits = std::stoull(caps.substr(caps.find('\t') + 1), nullptr, 16);
  EXPECT_EQ(bits >> 13 & 1, 0u) << caps;  // CAP_NET_RAW
}

TEST_F(RuntimeTest, StartingAgainAnswersTheSame) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto id = runtime->start_container(box, container({"sleep", "1000"})).value();
  EXPECT_EQ(runtime->start_container(box, container({"sleep", "1000"})).value(), id);
  EXPECT_EQ(only().state, ContainerState::running);
  const auto next = runtime->start_container(box, container({"sleep", "1000"}, 1)).value();
  EXPECT_NE(next, id);
  EXPECT_EQ(only().attempt, 1u) << "newest attempt first";
}

TEST_F(RuntimeTest, BadCommandIsInvalidAndSeenAsEnded) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto answer = runtime->start_container(box, container({"/no/such/program"}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::invalid) << answer.error().message;
  const auto seen = only();
  EXPECT_EQ(seen.state, ContainerState::exited);
  EXPECT_NE(seen.exit_code, 0);
  EXPECT_NE(seen.message, "");
}

TEST_F(RuntimeTest, BadMountIsInvalid) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  auto config = container({"true"});
  config.mounts = {
      {"/etc/passwd", "/bin", false, Mount::Propagation::none}};  // a file over a folder
  const auto answer = runtime->start_container(box, config);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::invalid) << answer.error().message;
}

TEST_F(RuntimeTest, MissingImageIsNotFound) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  auto config = container({"true"});
  config.image = "nodal-test/absent:9";
  EXPECT_EQ(runtime->start_container(box, config).error().code, Errc::not_found);
  EXPECT_EQ(runtime->image("nodal-test/absent:9").error().code, Errc::not_found);
  EXPECT_EQ(runtime->image("Bad Image!").error().code, Errc::invalid);
  EXPECT_TRUE(runtime->remove_image("nodal-test/absent:9"));
}

TEST_F(RuntimeTest, ImagesAreFoundByNameAndId) {
  const auto byname = runtime->image(kImage).value();
  EXPECT_TRUE(byname.id.starts_with("sha256:"));
  EXPECT_EQ(byname.tags, std::vector<std::string>{kImage});
  EXPECT_GT(byname.size_bytes, 100000);
  EXPECT_EQ(runtime->image(byname.id).value().id, byname.id);
  EXPECT_TRUE(std::ranges::any_of(runtime->images().value(),
                                  [&](const ImageInfo& i) { return i.id == byname.id; }));
}

TEST_F(RuntimeTest, AnImageGoesWithAllItsNamesAndTheRuntimesOwnIsPinned) {
  const auto disk = runtime->image_disk().value();
  EXPECT_GT(disk.size_bytes, 0);
  EXPECT_GT(disk.free_bytes, 0);
  ASSERT_TRUE(engine->make_busybox("nodal-test/many:1"));
  ASSERT_EQ(engine->docker("tag nodal-test/many:1 nodal-test/other:2"), "");
  const auto id = runtime->image("nodal-test/other:2").value().id;
  const auto made = engine->docker("create nodal-test/many:1 /bin/true");
  EXPECT_TRUE(runtime->images_in_use().value().contains(id)) << "of a container that is not ours";
  (void)engine->docker("rm " + made);
  EXPECT_FALSE(runtime->images_in_use().value().contains(id));
  const auto removed = runtime->remove_image(id);
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(runtime->image(id).error().code, Errc::not_found);
  EXPECT_EQ(runtime->image("nodal-test/many:1").error().code, Errc::not_found);
  const auto all = runtime->images().value();
  for (const auto& image : all)
    EXPECT_EQ(image.pinned, std::ranges::any_of(image.tags, [](const auto& tag) {
                return tag.starts_with("nodal/pause:");
              }));
}

TEST_F(RuntimeTest, PullFromNowhereFailsWithTheReason) {
  const auto answer = runtime->pull_image("127.0.0.1:1/nothing:1", "", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable) << answer.error().message;
  EXPECT_NE(answer.error().message.find("127.0.0.1:1"), std::string::npos)
      << answer.error().message;
}

/// A registry on loopback that lets in user u with password p; gone with the object.
class Registry {
 public:
  explicit Registry(const std::string& folder) {
    // The hash is bcrypt of "p".
    const bool written =
        file::write(folder + "/htpasswd",
                    "u:$2b$04$9Uz4/deTZ1YsIFKeXBokjOQahP/3USOtVAPHLLsGaXOFZ2DGvXkQu\n") &&
        file::write(folder + "/registry.yml",
                    "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: "
                    "{filesystem: {rootdirectory: " +
                        folder + "/registry}}\nhttp: {addr: '127.0.0.1:15771'}\n" +
                        "auth: {htpasswd: {realm: test, path: " + folder + "/htpasswd}}\n");
    const auto config = folder + "/registry.yml";
    if (written && (pid_ = ::fork()) == 0) {
      ::execl("/usr/bin/docker-registry", "docker-registry", "serve", config.c_str(), nullptr);
      ::_exit(127);
    }
  }
  ~Registry() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

 private:
  pid_t pid_ = -1;
};

TEST_F(RuntimeTest, PullsFromARegistryThatWantsALogin) {
  ASSERT_EQ(::access("/usr/bin/docker-registry", X_OK), 0) << "deploy/setup installs it";
  const std::string image = "127.0.0.1:15771/team/box:1";
  const Registry registry(engine->folder());
  core_v1::Secret secret;
  secret.type = "kubernetes.io/dockerconfigjson";
  secret.data[".dockerconfigjson"] = R"({"auths":{"127.0.0.1:15771/team":{"auth":"dTpw"}}})";
  // Docker's own client reads the very configuration that the secret holds, but knows no paths.
  ASSERT_TRUE(file::make_folders(engine->folder() + "/login"));
  ASSERT_TRUE(file::write(engine->folder() + "/login/config.json",
                          R"({"auths":{"127.0.0.1:15771":{"auth":"dTpw"}}})"));
  ASSERT_EQ(engine->docker("tag " + std::string(kImage) + " " + image), "");
  std::string pushed;
  ASSERT_TRUE(eventually([&] {
    pushed = engine->docker("--config " + engine->folder() + "/login push " + image);
    return pushed.find("digest: sha256:") != std::string::npos;
  })) << pushed;
  ASSERT_NE(engine->docker("rmi " + image).find("Untagged"), std::string::npos);

  const auto anonymous = runtime->pull_image(image, "", {});
  ASSERT_FALSE(anonymous);
  EXPECT_EQ(anonymous.error().code, Errc::forbidden) << anonymous.error().message;
  EXPECT_FALSE(runtime->pull_image(image, registry_auth({"u", "wrong"}), {}));

  Keyring ring;
  ASSERT_TRUE(ring.add(secret));
  const auto logins = ring.logins(image);
  ASSERT_EQ(logins, (std::vector<RegistryLogin>{{"u", "p"}}));
  const auto pulled = runtime->pull_image(image, registry_auth(logins.front()), {});
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_TRUE(std::ranges::find(pulled->tags, image) != pulled->tags.end());
  (void)engine->docker("rmi " + image);
}

TEST_F(RuntimeTest, StopGivesGraceThenKills) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto polite =
      runtime
          ->start_container(
              box,
              container({"sh", "-c",
                         "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done"}))
          .value();
  ASSERT_TRUE(eventually([&] { return log_of(polite) == "up\n"; }));
  ASSERT_TRUE(runtime->stop_container(polite, 10s));
  EXPECT_EQ(only().state, ContainerState::exited);
  EXPECT_EQ(only().exit_code, 3);
  EXPECT_EQ(log_of(polite), "up\nbye\n");

  const auto deaf =
      runtime
          ->start_container(
              box,
              container({"sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"}, 1))
          .value();
  ASSERT_TRUE(eventually([&] { return log_of(deaf) == "up\n"; }));
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(runtime->stop_container(deaf, 1s));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
  EXPECT_EQ(only().exit_code, 137);
  EXPECT_TRUE(runtime->stop_container(deaf, 1s)) << "what has ended is stopped";
  EXPECT_TRUE(runtime->stop_container("0123456789abcdef", 1s)) << "and what is gone";
}

TEST_F(RuntimeTest, ExecAnswersCodeAndOutput) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto id = runtime->start_container(box, container({"sleep", "1000"})).value();
  const auto good = runtime->exec(id, {"sh", "-c", "echo out; echo err >&2; exit 5"}, 10s).value();
  EXPECT_EQ(good.exit_code, 5);
  EXPECT_NE(good.output.find("out\n"), std::string::npos);
  EXPECT_NE(good.output.find("err\n"), std::string::npos);
  const auto missing = runtime->exec(id, {"/no/such"}, 10s).value();
  EXPECT_TRUE(missing.exit_code == 126 || missing.exit_code == 127) << missing.exit_code;
  const auto big = runtime->exec(id, {"sh", "-c", "head -c 1000000 /dev/zero"}, 20s).value();
  EXPECT_EQ(big.output.size(), 16384u);
  EXPECT_EQ(big.exit_code, 0);
  EXPECT_EQ(runtime->exec("0123456789abcdef", {"true"}, 5s).error().code, Errc::not_found);
}

TEST_F(RuntimeTest, ExecThatTakesTooLongDiesWithAllItStarted) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto id = runtime->start_container(box, container({"sleep", "1000"})).value();
  const auto begin = std::chrono::steady_clock::now();
  // One child in the background, one that left session and parent.
  const auto answer = runtime->exec(
      id, {"sh", "-c", "sleep 777 & (setsid sh -c 'sleep 778 & sleep 779' &) ; sleep 776"}, 1s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  EXPECT_TRUE(eventually([&] {
    const auto left = runtime->exec(id, {"sh", "-c", "ps | grep -c '[s]leep 77[6-9]'"}, 5s);
    return left && left->output == "0\n";
  }));
  EXPECT_EQ(only().state, ContainerState::running) << "the container itself lives on";
}

TEST_F(RuntimeTest, LogsFollowTailLimitAndSurviveTheEnd) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto first = run(box, {"sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; exit 1"});
  EXPECT_EQ(log_of(first), "line 1\nline 2\nline 3\nline 4\nline 5\n");
  EXPECT_EQ(log_of(first, options([](auto& o) { o.tail_lines = 2; })), "line 4\nline 5\n");
  EXPECT_EQ(log_of(first, options([](auto& o) { o.limit_bytes = 9; })), "line 1\nli");
  EXPECT_EQ(log_of(first, options([](auto& o) { o.tail_lines = 0; })), "");
  EXPECT_EQ(log_of(first, options([](auto& o) { o.since_time = SystemClock().now() + 1h; })), "");
  const auto stamped = log_of(first, options([](auto& o) {
                                o.timestamps = true;
                                o.tail_lines = 1;
                              }));
  EXPECT_TRUE(stamped.starts_with("20") && stamped.ends_with("Z line 5\n")) << stamped;

  const auto second =
      runtime
          ->start_container(
              box,
              container({"sh", "-c", "for i in 1 2 3; do echo tick; sleep 0.2; done; sleep 1000"},
                        1))
          .value();
  EXPECT_EQ(log_of(first, options([](auto& o) { o.tail_lines = 1; })), "line 5\n")
      << "the previous attempt's is still there";
  std::string got;
  std::stop_source stop;
  const auto ended = runtime->logs(
      second, options([](auto& o) { o.follow = true; }),
      [&](std::string_view b) {
        got += b;
        if (got == "tick\ntick\ntick\n") stop.request_stop();
        return true;
      },
      stop.get_token());
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(got, "tick\ntick\ntick\n");
  EXPECT_EQ(
      runtime->logs("0123456789abcdef", {}, [](std::string_view) { return true; }, {}).error().code,
      Errc::not_found);
}

TEST_F(RuntimeTest, WatchTellsWhosePodChanged) {
  std::mutex mutex;
  std::vector<std::string> uids;
  std::stop_source stop;
  std::jthread watcher([&] {
    const auto ended = runtime->watch(
        [&](const RuntimeEvent& e) {
          const std::lock_guard lock(mutex);
          uids.push_back(e.pod_uid);
        },
        stop.get_token());
    EXPECT_TRUE(ended) << ended.error().message;
  });
  const auto box = runtime->run_sandbox(sandbox()).value();
  std::uint32_t attempt = 0;
  EXPECT_TRUE(eventually([&] {
    run(box, {"true"}, attempt++);
    const std::lock_guard lock(mutex);
    return std::ranges::count(uids, pod.uid) >= 2;
  }));
  stop.request_stop();
}

TEST_F(RuntimeTest, ANewProcessSeesAllOfIt) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto id = runtime->start_container(box, container({"sleep", "1000"})).value();
  const auto before = runtime->inspect(pod).value();
  runtime = open();
  const auto pods = runtime->list().value();
  ASSERT_EQ(pods.size(), 1u);
  EXPECT_EQ(pods[0].pod, pod);
  EXPECT_EQ(pods[0].sandboxes.at(0).id, box);
  EXPECT_EQ(pods[0].sandboxes[0].ips, before.sandboxes[0].ips);
  EXPECT_TRUE(pods[0].sandboxes[0].ready);
  EXPECT_EQ(pods[0].containers.at(0).id, id);
  EXPECT_EQ(pods[0].containers[0].started_at, before.containers[0].started_at);
  EXPECT_EQ(runtime->run_sandbox(sandbox()).value(), box);
  EXPECT_EQ(runtime->start_container(box, container({"sleep", "1000"})).value(), id);
}

TEST_F(RuntimeTest, LostSandboxGivesItsAddressBack) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  (void)engine->docker("rm -f " + box);
  EXPECT_TRUE(runtime->list().value().empty());
  EXPECT_TRUE(file::list(engine->folder() + "/records").value().empty());
}

TEST_F(RuntimeTest, DeadSandboxIsNotReadyAndCanBeReplaced) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  (void)engine->docker("kill " + box);
  EXPECT_FALSE(runtime->inspect(pod).value().sandboxes.at(0).ready);
  const auto again = runtime->run_sandbox(sandbox());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NE(*again, box) << "a dead one of the same attempt is made again";
  EXPECT_TRUE(runtime->inspect(pod).value().sandboxes.at(0).ready);
}

TEST_F(RuntimeTest, FailingNetworkLeavesNothing) {
  ASSERT_TRUE(file::write(
      engine->folder() + "/cni/05-broken.conflist",
      R"({"cniVersion": "1.0.0", "name": "broken", "plugins": [{"type": "nodal-test-absent"}]})"));
  const auto answer = runtime->run_sandbox(sandbox());
  ASSERT_TRUE(file::remove(engine->folder() + "/cni/05-broken.conflist"));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("nodal-test-absent"), std::string::npos)
      << answer.error().message;
  EXPECT_TRUE(runtime->inspect(pod).value().sandboxes.empty());
}

TEST_F(RuntimeTest, MeasuresUse) {
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto id =
      runtime->start_container(box, container({"sh", "-c", "while :; do :; done"})).value();
  EXPECT_TRUE(eventually([&] { return runtime->usage(id).value().cpu_nanoseconds > 10'000'000; }));
  EXPECT_GT(runtime->usage(id).value().memory_bytes, 10'000u);
}

TEST_F(RuntimeTest, PodsAreMadeInParallel) {
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        auto config = sandbox();
        config.pod.name += "-" + std::to_string(i);
        config.pod.uid += std::to_string(i);
        auto inner = container({"sleep", "1000"});
        inner.pod = config.pod;
        const auto box = runtime->run_sandbox(config);
        if (box && runtime->start_container(*box, inner)) ++good;
      });
  }
  EXPECT_EQ(good, 8);
  std::set<std::string> ips;
  const auto list_of_p = runtime->list().value();
  for (const auto& p : list_of_p) ips.insert(p.sandboxes.at(0).ips.at(0));
  EXPECT_EQ(ips.size(), 8u);
}

TEST_F(RuntimeTest, EngineAwayIsSaidAndForgiven) {
  if (!engine->own()) GTEST_SKIP() << "only an engine of our own is killed";
  const auto box = runtime->run_sandbox(sandbox()).value();
  const auto id = runtime->start_container(box, container({"sleep", "1000"})).value();
  const auto started = only().started_at;
  ASSERT_TRUE(engine->kill_engine());
  const auto answer = runtime->list();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_NE(answer.error().message.find("docker.sock"), std::string::npos)
      << answer.error().message;
  EXPECT_EQ(runtime->watch([](const RuntimeEvent&) {}, {}).error().code, Errc::unavailable);
  ASSERT_TRUE(engine->restart_engine());
  const auto seen = only();
  EXPECT_EQ(seen.id, id);
  EXPECT_EQ(seen.state, ContainerState::running) << "containers outlive their engine";
  EXPECT_EQ(seen.started_at, started);
  EXPECT_TRUE(runtime->inspect(pod).value().sandboxes.at(0).ready);
}

}  // namespace
}  // namespace nodal::agent
