// tests/unit/agent/pod/admission_test.cc — which pods a node takes, and which kernel
// parameters they may set.
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
  EXPECT_EQ(asked("kernel.msgmax"), (Rejection{"SysctlForbidden",
                                               "forbidden sysctl: \"kernel.msgmax\" "
                                               "not allowlisted on this node"}));
  EXPECT_EQ(asked("vm.swappiness")->reason, "SysctlForbidden");
}

TEST(PodAdmission, NoneOfTheNodeIsSetThroughAPodThatSharesItsNamespaces) {
  EXPECT_TRUE(asked("net.ipv4.tcp_syncookies", R"(,"hostNetwork":true)"));
  EXPECT_TRUE(asked("kernel/shm_rmid_forced", R"(,"hostIPC":true)"));
  EXPECT_EQ(asked("kernel.shm_rmid_forced", R"(,"hostNetwork":true)"), std::nullopt);
}

core_v1::Pod asking(const std::string& spec) {
  return codec::decode<core_v1::Pod>(R"({"metadata":{"name":"p"},"spec":{)" + spec + "}}").value();
}
std::string with(const std::string& container) {
  return R"("containers":[{"name":"c",)" + container + "}]";
}

TEST(PodAdmission, ANodeTakesWhatFitsOnIt) {
  auto node = codec::decode<core_v1::Node>(
                  R"({"metadata":{"name":"n","labels":{"disk":"ssd"}},"spec":{},"status":{
      "allocatable":{"cpu":"2","memory":"1Gi","pods":"2","example.com/gpu":"1"}}})")
                  .value();
  const auto other = std::make_shared<const core_v1::Pod>(
      asking(with(R"("resources":{"requests":{"cpu":"100m","memory":"512Mi","example.com/gpu":"1"}},
              "ports":[{"containerPort":80,"hostPort":8080}])")));
  const auto why = [&](const core_v1::Pod& pod) {
    return misfit(pod, node, {other}).value_or(Rejection{});
  };
  const auto cpu = [](const std::string& amount) {
    return asking(with(R"("resources":{"requests":{"cpu":")" + amount + R"("}})"));
  };
  EXPECT_EQ(why(cpu("1900m")), Rejection{});
  EXPECT_EQ(why(cpu("100")), (Rejection{"OutOfcpu",
                                        "Node didn't have enough resource: cpu, requested: "
                                        "100000, used: 100, capacity: 2000"}));
  EXPECT_EQ(why(asking(with(R"("resources":{"limits":{"memory":"513Mi"}})"))).reason,
            "OutOfmemory");
  EXPECT_EQ(why(asking(with(R"("resources":{"limits":{"example.com/gpu":"1"}})"))).reason,
            "OutOfexample.com/gpu");
  EXPECT_EQ(why(asking(with(R"("resources":{"limits":{"example.com/other":"1"}})"))), Rejection{});
  EXPECT_EQ(misfit(cpu("0"), node, {other, other}),
            (Rejection{"OutOfpods",
                       "Node didn't have enough resource: pods, requested: 1, used: 2, "
                       "capacity: 2"}));
  EXPECT_EQ(why(asking(R"("nodeSelector":{"disk":"ssd"},"containers":[])")), Rejection{});
  EXPECT_EQ(why(asking(R"("nodeSelector":{"disk":"tape"},"containers":[])")),
            (Rejection{"NodeAffinity",
                       "Predicate NodeAffinity failed: node(s) didn't match Pod's node "
                       "affinity/selector"}));
  EXPECT_EQ(why(asking(with(R"("ports":[{"containerPort":1,"hostPort":8080}])"))).reason,
            "NodePorts");
  EXPECT_EQ(why(asking(with(R"("ports":[{"containerPort":1,"hostPort":8080,"protocol":"UDP"}])"))),
            Rejection{});
  core_v1::Taint taint;
  taint.key = "gone";
  taint.effect = "NoSchedule";
  node.spec.taints = {taint};
  EXPECT_EQ(why(cpu("1")), Rejection{}) << "the scheduler's to heed";
  node.spec.taints[0].effect = "NoExecute";
  EXPECT_EQ(why(cpu("1")).reason, "TaintToleration");
  EXPECT_EQ(why(asking(R"("tolerations":[{"operator":"Exists"}],"containers":[])")), Rejection{});
}

TEST(PodAdmission, SlashesAndDotsOfASysctlChangePlacesWhereSlashesCameFirst) {
  EXPECT_EQ(dotted_sysctl("kernel.shm_rmid_forced"), "kernel.shm_rmid_forced");
  EXPECT_EQ(dotted_sysctl("kernel/shm_rmid_forced"), "kernel.shm_rmid_forced");
  EXPECT_EQ(dotted_sysctl("net/ipv4/conf/eth0.1/arp_accept"), "net.ipv4.conf.eth0/1.arp_accept");
  EXPECT_EQ(dotted_sysctl("net.ipv4.conf.eth0/1.arp_accept"), "net.ipv4.conf.eth0/1.arp_accept");
}

}  // namespace
}  // namespace nodal::agent
