// tests/unit/agent/node/network_test.cc — the CNI configuration comes and goes with its folders.
#include "agent/node/network.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace nodal::agent {
namespace {

class Network : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/nodal-network-XXXXXX";
    root = ::mkdtemp(path);
    ASSERT_TRUE(file::make_folders(root + "/bin"));
    ASSERT_TRUE(file::write(root + "/bin/nodal-cni", "", 0755));
    folder = root + "/etc/cni/net.d";
    made = root + "/state/made";
  }
  void TearDown() override { ASSERT_TRUE(file::remove_all(root)); }
  std::string ensure() { return ensure_network(folder, {root + "/bin"}, "10.244.0.0/24", made); }
  std::string root, folder, made;
};

TEST_F(Network, FoldersThatWereMadeGo) {
  ASSERT_TRUE(file::make_folders(root + "/etc"));
  EXPECT_EQ(ensure(), "");
  EXPECT_EQ(ensure(), "") << "a second time changes nothing";
  EXPECT_TRUE(file::exists(folder + "/10-nodal.conflist"));
  EXPECT_TRUE(remove_network(folder, made));
  EXPECT_FALSE(file::exists(root + "/etc/cni"));
  EXPECT_TRUE(file::exists(root + "/etc"));
  EXPECT_TRUE(remove_network(folder, made)) << "again: nothing to do";
}

TEST_F(Network, FoldersThatWereThereStay) {
  ASSERT_TRUE(file::make_folders(folder));
  EXPECT_EQ(ensure(), "");
  EXPECT_TRUE(remove_network(folder, made));
  EXPECT_EQ(file::list(folder).value(), std::vector<std::string>{});
}

TEST_F(Network, FoldersThatOthersUseNowStay) {
  EXPECT_EQ(ensure(), "");
  ASSERT_TRUE(file::write(folder + "/20-other.conflist", "{}"));
  EXPECT_TRUE(remove_network(folder, made));
  EXPECT_EQ(file::list(folder).value(), std::vector<std::string>{"20-other.conflist"});
}

TEST(PortChain, GoesWhenItHasNoRule) {
  const std::string unused =
      "-P PREROUTING ACCEPT\n-N CNI-HOSTPORT-DNAT\n-N DOCKER\n"
      "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n"
      "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"
      "-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n";
  const std::vector<std::vector<std::string>> want{
      {"-D", "PREROUTING", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "CNI-HOSTPORT-DNAT"},
      {"-D", "OUTPUT", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "CNI-HOSTPORT-DNAT"},
      {"-X", "CNI-HOSTPORT-DNAT"}};
  EXPECT_EQ(unused_port_chain(unused), want);
  EXPECT_TRUE(unused_port_chain(unused + "-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-1\n").empty());
  EXPECT_TRUE(unused_port_chain("-P PREROUTING ACCEPT\n").empty());
}

}  // namespace
}  // namespace nodal::agent
