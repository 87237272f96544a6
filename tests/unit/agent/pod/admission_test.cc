// tests/unit/agent/pod/admission_test.cc — which kernel parameters a pod may set.
#include "agent/pod/admission.h"

#include <gtest/gtest.h>

#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

std::optional<Rejection> asked(const std::string& name, const std::string& more = "") {
  return rejection(
      codec::decode<core_v1::Pod>(
          R"({"metadata":{"name":"p"},"spec":{"securityContext":{"sysctls":[{"name":")" + name +
          R"(","value":"1"}]})" + more + "}}")
          .value());
}

TEST(PodAdmission, OnlyTheSafeSysctlsAreSet) {
  EXPECT_EQ(rejection(core_v1::Pod{}), std::nullopt);
  EXPECT_EQ(asked("kernel.shm_rmid_forced"), std::nullopt);
  EXPECT_EQ(asked("kernel/shm_rmid_forced"), std::nullopt);
  EXPECT_EQ(asked("net.ipv4.ping_group_range"), std::nullopt);
  EXPECT_EQ(asked("kernel.msgmax"),
            (Rejection{"SysctlForbidden",
                       "Pod was rejected: forbidden sysctl: \"kernel.msgmax\" "
                       "not allowlisted on this node"}));
  EXPECT_EQ(asked("vm.swappiness")->reason, "SysctlForbidden");
}

TEST(PodAdmission, NoneOfTheNodeIsSetThroughAPodThatSharesItsNamespaces) {
  EXPECT_TRUE(asked("net.ipv4.tcp_syncookies", R"(,"hostNetwork":true)"));
  EXPECT_TRUE(asked("kernel/shm_rmid_forced", R"(,"hostIPC":true)"));
  EXPECT_EQ(asked("kernel.shm_rmid_forced", R"(,"hostNetwork":true)"), std::nullopt);
}

TEST(PodAdmission, SlashesAndDotsOfASysctlChangePlacesWhereSlashesCameFirst) {
  EXPECT_EQ(dotted_sysctl("kernel.shm_rmid_forced"), "kernel.shm_rmid_forced");
  EXPECT_EQ(dotted_sysctl("kernel/shm_rmid_forced"), "kernel.shm_rmid_forced");
  EXPECT_EQ(dotted_sysctl("net/ipv4/conf/eth0.1/arp_accept"), "net.ipv4.conf.eth0/1.arp_accept");
  EXPECT_EQ(dotted_sysctl("net.ipv4.conf.eth0/1.arp_accept"), "net.ipv4.conf.eth0/1.arp_accept");
}

}  // namespace
}  // namespace nodal::agent
