// tests/unit/agent/runtime/cni_invoker_test.cc — what the plugins are asked, with a script as
// plugin.
#include "agent/runtime/docker/cni_invoker.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/net/pod_addresses.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

class CniCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/nodal-invoker-XXXXXX";
    folder = ::mkdtemp(name);
    for (const auto* sub : {"conf", "bin", "results"})
      ASSERT_TRUE(file::make_folders(text::cat(folder, "/", sub)));
    configure("1.0.0");
    const auto script = text::cat(
        "#!/bin/sh\ninput=$(cat)\necho \"$CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS\" >>", folder,
        "/log\n[ $CNI_COMMAND != GC ] || echo \"$input\" >", folder, "/gc\n[ ! -e ", folder,
        "/fails ] || { echo '{\"code\":50,\"msg\":\"no room\"}'; exit 1; }\n"
        "[ $CNI_COMMAND != ADD ] || echo '{\"ips\":[{\"address\":\"192.0.2.7/32\"}]}'\n");
    ASSERT_TRUE(file::write(folder + "/bin/nodal-cni", script, 0755));
    ASSERT_TRUE(file::write(folder + "/bin/other", script, 0755));
  }
  void TearDown() override { EXPECT_TRUE(file::remove_all(folder)); }

  void configure(const std::string& version) const {
    ASSERT_TRUE(file::write(
        folder + "/conf/10-net.conflist",
        text::cat(R"({"cniVersion":")", version,
                  R"(","name":"net","plugins":[{"type":"nodal-cni"},{"type":"other"}]})")));
  }
  [[nodiscard]] std::string log() const {
    auto out = file::read(folder + "/log").value_or("");
    (void)file::remove(folder + "/log");
    return out;
  }
  Result<std::vector<std::string>> attach(const std::string& id) {
    CniAttachment attachment;
    attachment.container_id = id;
    attachment.netns = "/ns";
    attachment.pod = {"shop", "web", "uid"};
    return cni().add(attachment);
  }
  [[nodiscard]] std::string owner() const {
    return net::PodAddresses(folder + "/pods").namespace_of(*net::IpAddress::parse("192.0.2.7"));
  }
  CniInvoker& cni() {
    if (!invoker)
      invoker = std::make_unique<CniInvoker>(CniOptions{.config_folder = folder + "/conf",
                                                        .plugin_folders = {folder + "/bin"},
                                                        .record_folder = folder + "/results",
                                                        .address_folder = folder + "/pods",
                                                        .timeout = std::chrono::seconds(10)});
    return *invoker;
  }

  std::string folder;
  std::unique_ptr<CniInvoker> invoker;
};

TEST_F(CniCalls, AnAttachmentSaysWhoseItsAddressIsAsLongAsItLives) {
  ASSERT_EQ(attach("a").value(), std::vector<std::string>{"192.0.2.7"});
  EXPECT_EQ(owner(), "shop");
  EXPECT_EQ(log(), "ADD a /ns\nADD a /ns\n");
  ASSERT_TRUE(cni().remove("a", "/ns"));
  EXPECT_EQ(log(), "DEL a /ns\nDEL a /ns\n");
  EXPECT_EQ(owner(), "");
}

TEST_F(CniCalls, WithoutARecordWhatIsThereGoesByTheContainersId) {
  ASSERT_TRUE(cni().remove("lost", "/ns"));
  EXPECT_EQ(log(), "DEL lost \nDEL lost \n") << "in no namespace: it may be any";
  ASSERT_TRUE(file::write(folder + "/fails", ""));
  EXPECT_TRUE(cni().remove("lost", "/ns")) << "there may have been nothing";
}

TEST_F(CniCalls, ABrokenRecordKeepsNoSandboxForEver) {
  for (const std::string broken : {"", "{"}) {
    ASSERT_TRUE(file::write(folder + "/results/torn.json", broken));
    ASSERT_TRUE(cni().remove("torn", "/ns"));
    EXPECT_EQ(log(), "DEL torn \nDEL torn \n");
    EXPECT_TRUE(cni().recorded()->empty());
  }
  ASSERT_TRUE(file::write(folder + "/results/torn.json", ""));
  ASSERT_TRUE(file::write(folder + "/fails", ""));
  EXPECT_FALSE(cni().remove("torn", "/ns")) << "something was there: it is tried again";
  EXPECT_EQ(cni().recorded()->size(), 1u);
}

TEST_F(CniCalls, OurPluginCollectsGarbageInEveryNetwork) {
  ASSERT_TRUE(attach("a"));
  ASSERT_TRUE(file::write(folder + "/results/torn.json", ""));
  ASSERT_TRUE(file::remove_all(folder + "/pods"));
  EXPECT_EQ(log(), "ADD a /ns\nADD a /ns\n");
  ASSERT_TRUE(cni().collect_garbage({"lives"}));
  EXPECT_EQ(log(), "GC  \n") << "others know GC in networks of 1.1.0 only";
  const auto asked = file::read(folder + "/gc").value();
  EXPECT_NE(asked.find(R"("cniVersion":"1.1.0")"), std::string::npos) << asked;
  for (const auto* id : {"a", "torn", "lives"})
    EXPECT_NE(asked.find(text::cat(R"({"containerID":")", id, R"(","ifname":"eth0"})")),
              std::string::npos)
        << id << ": " << asked;
  EXPECT_EQ(owner(), "shop") << "told again";
  configure("1.1.0");
  ASSERT_TRUE(cni().collect_garbage({}));
  EXPECT_EQ(log(), "GC  \nGC  \n");
}

TEST_F(CniCalls, StatusIsThatOfTheConfigurationItsProgramsAndPlugins) {
  EXPECT_TRUE(cni().status());
  EXPECT_EQ(log(), "") << "no plugin of 1.0.0 knows STATUS";
  configure("1.1.0");
  EXPECT_TRUE(cni().status());
  EXPECT_EQ(log(), "STATUS  \nSTATUS  \n");
  ASSERT_TRUE(file::write(folder + "/fails", ""));
  EXPECT_NE(cni().status().error().message.find("no room"), std::string::npos);
  ASSERT_TRUE(file::remove(folder + "/bin/other"));
  ASSERT_TRUE(file::remove(folder + "/fails"));
  EXPECT_NE(cni().status().error().message.find("no such program"), std::string::npos);
  ASSERT_TRUE(file::write(folder + "/conf/10-net.conflist", "{"));
  EXPECT_EQ(cni().status().error().code, Errc::unavailable);
}

}  // namespace
}  // namespace nodal::agent::docker
