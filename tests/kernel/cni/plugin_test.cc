// tests/kernel/cni/plugin_test.cc — the plugin's program against the real kernel, in namespaces of
// its own.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/netlink/socket.h"
#include "base/subprocess.h"
#include "cni/request.h"
#include "tests/support/netns.h"

namespace nodal::cni {
namespace {

class Private : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!test::enter_private_netns()) {
      std::puts("skipped: no network namespace can be made here");
      std::exit(77);
    }
  }
};
[[maybe_unused]] const auto* environment = ::testing::AddGlobalTestEnvironment(new Private);

class CniPlugin : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/nodal-cni-XXXXXX";
    folder = ::mkdtemp(name);
  }
  void TearDown() override {
    for (const auto& name : spaces) test::sh("ip netns del " + name);
    EXPECT_TRUE(file::remove_all(folder));
  }
  std::string space(int i) {
    auto name = "nodalcni-" + std::to_string(::getpid()) + "-" + std::to_string(i);
    test::sh("ip netns add " + name);
    spaces.push_back(name);
    return "/run/netns/" + name;
  }
  struct Answer {
    int code = -1;
    boost::json::value document;
  };
  [[nodiscard]] Answer call(const std::string& verb, const std::string& id,
                            const std::string& netns, const std::string& version = "1.1.0",
                            const std::string& more = "",
                            const std::string& subnet = "198.18.5.0/24") const {
    const auto ran = run_program(
        {.program = NODAL_CNI_PROGRAM,
         .arguments = {},
         .environment = {"CNI_COMMAND=" + verb, "CNI_CONTAINERID=" + id, "CNI_NETNS=" + netns,
                         "CNI_IFNAME=eth0"},
         .input =
             R"({"cniVersion": ")" + version +
             R"(", "name": "net", "type": "nodal-cni", "ipam": {"type": "nodal", "subnet": ")" +
             subnet + R"(", "dataDir": ")" + folder + "\"}" + more + "}",
         .output_limit = 1 << 20,
         .timeout = std::chrono::seconds(60)});
    EXPECT_TRUE(ran) << ran.error().message;
    Answer out{ran->exit_code, nullptr};
    if (!ran->output.empty()) out.document = boost::json::parse(ran->output);
    return out;
  }
  static std::string ip_of(const Answer& answer) {
    const std::string text(answer.document.at("ips").at(0).at("address").as_string());
    return text.substr(0, text.find('/'));
  }
  [[nodiscard]] std::size_t leases() const {
    const auto names = file::list(folder + "/net").value();
    return static_cast<std::size_t>(
        std::ranges::count_if(names, [](const std::string& n) { return n.starts_with("198."); }));
  }
  static std::size_t links() {
    const auto all = netlink::Socket::open().value().links().value();
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [](const netlink::Link& l) { return l.name.starts_with("nodal"); }));
  }

  std::string folder;
  std::vector<std::string> spaces;
};

TEST_F(CniPlugin, PodsReachTheHostAndEachOther) {
  const auto a = space(1), b = space(2);
  const auto first = call("ADD", "a", a), second = call("ADD", "b", b);
  ASSERT_EQ(first.code, 0) << boost::json::serialize(first.document);
  ASSERT_EQ(second.code, 0) << boost::json::serialize(second.document);
  EXPECT_EQ(ip_of(first), "198.18.5.2");
  EXPECT_EQ(ip_of(second), "198.18.5.3");
  EXPECT_EQ(test::sh("busybox ping -c1 -W2 198.18.5.2 >/dev/null"), 0);
  EXPECT_EQ(test::sh("ip netns exec " + spaces[0] + " busybox ping -c1 -W2 198.18.5.3 >/dev/null"),
            0);
  EXPECT_EQ(test::sh("ip netns exec " + spaces[0] + " busybox ping -c1 -W2 198.18.5.1 >/dev/null"),
            0);
  EXPECT_EQ(
      test::sh("ip netns exec " + spaces[0] + " grep -qx 0 /proc/sys/net/ipv6/conf/eth0/accept_ra"),
      0);

  const auto previous = ", \"prevResult\": " + boost::json::serialize(first.document);
  EXPECT_EQ(call("CHECK", "a", a, "1.1.0", previous).code, 0);
  test::sh("ip netns exec " + spaces[0] + " ip route del default");
  const auto broken = call("CHECK", "a", a, "1.1.0", previous);
  EXPECT_EQ(broken.code, 1);
  EXPECT_EQ(broken.document.at("code").as_int64(), 102);
  EXPECT_EQ(call("DEL", "a", a).code, 0);
  EXPECT_EQ(call("DEL", "b", b).code, 0);
  EXPECT_EQ(leases() + links(), 0u);
}

TEST_F(CniPlugin, AddTwiceKeepsTheAddress) {
  const auto a = space(1);
  const auto first = call("ADD", "a", a, "0.4.0");
  ASSERT_EQ(first.code, 0);
  EXPECT_EQ(first.document.at("ips").at(0).at("version").as_string(), "4");
  const auto again = call("ADD", "a", a);
  ASSERT_EQ(again.code, 0) << boost::json::serialize(again.document);
  EXPECT_EQ(ip_of(again), ip_of(first));
  EXPECT_EQ(leases(), 1u);
  EXPECT_EQ(call("DEL", "a", a).code, 0);
}

TEST_F(CniPlugin, DeletingNeedsNoNamespaceAndMayBeRepeated) {
  ASSERT_EQ(call("ADD", "a", space(1)).code, 0);
  EXPECT_EQ(call("DEL", "a", "").code, 0);
  EXPECT_EQ(leases() + links(), 0u);
  EXPECT_EQ(call("DEL", "a", "/run/netns/gone").code, 0);
  EXPECT_EQ(call("DEL", "never", "").code, 0);
}

TEST_F(CniPlugin, FailureGivesBackAddressAndLink) {
  const auto a = space(1);
  test::sh("ip -n " + spaces[0] + " link add eth0 type veth peer name other");  // the name is taken
  const auto answer = call("ADD", "a", a);
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.document.at("code").as_int64(), 101);
  EXPECT_EQ(leases() + links(), 0u);
  EXPECT_EQ(call("ADD", "a", "/run/netns/absent").document.at("code").as_int64(), 3);
  EXPECT_EQ(call("ADD", "a", "/proc/self/ns/net").document.at("code").as_int64(), 8)
      << "the host is no pod";
  EXPECT_EQ(leases(), 0u);
}

TEST_F(CniPlugin, AFullSubnetSaysSo) {
  ASSERT_EQ(call("ADD", "a", space(1), "1.0.0", "", "198.18.6.0/30").code, 0);
  const auto full = call("ADD", "b", space(2), "1.0.0", "", "198.18.6.0/30");
  EXPECT_EQ(full.code, 1);
  EXPECT_EQ(full.document.at("code").as_int64(), 100);
  EXPECT_EQ(call("DEL", "a", "").code, 0);
  EXPECT_EQ(call("ADD", "b", "/run/netns/" + spaces[1], "1.0.0", "", "198.18.6.0/30").code, 0);
  EXPECT_EQ(call("DEL", "b", "").code, 0);
}

TEST_F(CniPlugin, GarbageGoesAndTheValidStays) {
  ASSERT_EQ(call("ADD", "keep", space(1)).code, 0);
  ASSERT_EQ(call("ADD", "lost", space(2)).code, 0);
  EXPECT_EQ(call("GC", "", "").code, 1) << "without a list nothing is garbage";
  EXPECT_EQ(call("GC", "", "", "1.1.0",
                 R"(, "cni.dev/valid-attachments": [{"containerID": "keep", "ifname": "eth0"}])")
                .code,
            0);
  EXPECT_EQ(leases(), 1u);
  EXPECT_EQ(links(), 1u);
  EXPECT_EQ(call("STATUS", "", "").code, 0);
  EXPECT_EQ(call("DEL", "keep", "").code, 0);
}

TEST_F(CniPlugin, FiftyAtOnceLeakNothing) {
  std::vector<std::string> paths;
  for (int i = 0; i < 50; ++i) paths.push_back(space(i));
  std::vector<std::string> ips(50);
  const auto all = [&](auto each) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 50; ++i) threads.emplace_back([&each, i] { each(i); });
  };
  all([&](std::size_t i) {
    const auto answer = call("ADD", "c" + std::to_string(i), paths[i]);
    EXPECT_EQ(answer.code, 0) << boost::json::serialize(answer.document);
    if (answer.code == 0) ips[i] = ip_of(answer);
  });
  EXPECT_EQ(std::set<std::string>(ips.begin(), ips.end()).size(), 50u);
  EXPECT_EQ(leases(), 50u);
  EXPECT_EQ(links(), 50u);
  all([&](std::size_t i) {
    EXPECT_EQ(call("DEL", "c" + std::to_string(i), i % 2 ? paths[i] : "").code, 0);
  });
  EXPECT_EQ(leases() + links(), 0u);
}

}  // namespace
}  // namespace nodal::cni
