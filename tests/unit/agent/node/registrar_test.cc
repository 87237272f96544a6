// tests/unit/agent/node/registrar_test.cc — what a node tells of itself.
#include "agent/node/registrar.h"

#include <gtest/gtest.h>

#include "api-client/codec/codec.h"

namespace nodal::agent {
namespace {

core_v1::Node node(const std::string& spec, const std::string& ready, const std::string& boot) {
  return codec::decode<core_v1::Node>(
             R"({"metadata":{"name":"n"},"spec":{)" + spec +
             R"(},"status":{"nodeInfo":{"bootID":")" + boot +
             R"("},"conditions":[{"type":"MemoryPressure","status":"False"},{"type":"Ready","status":")" +
             ready + R"("}]}})")
      .value();
}
std::vector<std::string> reasons(const core_v1::Node& before, const core_v1::Node& after,
                                 bool cordoned = false) {
  std::vector<std::string> out;
  for (const auto& event : node_events(before, after.status, cordoned)) out.push_back(event.reason);
  return out;
}
using Reasons = std::vector<std::string>;

TEST(NodeEvents, ANewNodeTellsAllItsConditions) {
  core_v1::Node fresh;
  fresh.metadata.name = "n";
  const auto told = node_events(fresh, node("", "False", "b").status, false);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].reason, "NodeHasSufficientMemory");
  EXPECT_EQ(told[1].reason, "NodeNotReady");
  EXPECT_EQ(told[1].message, "Node n status is now: NodeNotReady");
}

TEST(NodeEvents, AfterThatOnlyWhatTurns) {
  EXPECT_EQ(reasons(node("", "True", "b"), node("", "True", "b")), Reasons{});
  EXPECT_EQ(reasons(node("", "Unknown", "b"), node("", "True", "b")), Reasons{"NodeReady"});
}

TEST(NodeEvents, ANewBootIsAWarning) {
  const auto told = node_events(node("", "True", "a"), node("", "True", "b").status, false);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], (NodeEvent{client::EventType::warning, "Rebooted",
                                "Node n has been rebooted, boot id: b"}));
}

TEST(NodeEvents, CordonAndUncordon) {
  const std::string cordon = R"("unschedulable":true)";
  EXPECT_EQ(reasons(node(cordon, "True", "b"), node("", "True", "b")),
            Reasons{"NodeNotSchedulable"});
  EXPECT_EQ(reasons(node(cordon, "True", "b"), node("", "True", "b"), true), Reasons{});
  EXPECT_EQ(reasons(node("", "True", "b"), node("", "True", "b"), true),
            Reasons{"NodeSchedulable"});
}

}  // namespace
}  // namespace nodal::agent
