// tests/unit/nodectl/debug_test.cc — the container that `debug` adds, and how it fares.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "nodectl/debug_container.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

TEST(Debug, TheContainerIsWhatTheFlagsSay) {
  DebugWanted wanted{.name = "d", .image = "i:1"};
  EXPECT_EQ(json::serialize(debug_patch(wanted).value()),
            R"({"spec":{"ephemeralContainers":[{"name":"d","image":"i:1"}]}})");
  wanted.target = "web";
  wanted.words = {"sh", "-c", "true"};
  wanted.env = {"A=b=c"};
  wanted.input = wanted.tty = true;
  EXPECT_EQ(json::serialize(debug_patch(wanted).value()),
            R"({"spec":{"ephemeralContainers":[{"name":"d","image":"i:1",)"
            R"("targetContainerName":"web","command":["sh","-c","true"],)"
            R"("env":[{"name":"A","value":"b=c"}],"stdin":true,"tty":true}]}})");
  wanted.env = {"A"};
  EXPECT_FALSE(debug_patch(wanted));
  EXPECT_EQ(debugger_name().size(), 14u);
  EXPECT_NE(debugger_name(), debugger_name());
}

TEST(Debug, ItsStatusSaysWhetherThereIsSomethingToAttachTo) {
  const auto pod = [](std::string_view state, std::string_view phase = "Running") {
    return json::parse(std::string(R"({"status":{"phase":")") + std::string(phase) +
                       R"(","ephemeralContainerStatuses":[{"name":"d","state":)" +
                       std::string(state) + "}]}}");
  };
  EXPECT_EQ(progress_of(pod(R"({"waiting":{"reason":"ContainerCreating"}})"), "d"),
            Debugging::waits);
  EXPECT_EQ(progress_of(pod(R"({"running":{}})"), "d"), Debugging::runs);
  EXPECT_EQ(progress_of(pod(R"({"running":{}})"), "e"), Debugging::waits);
  EXPECT_EQ(progress_of(pod(R"({"terminated":{"exitCode":1}})"), "d"), Debugging::over);
  EXPECT_EQ(progress_of(pod("{}", "Failed"), "d"), Debugging::over);
}

}  // namespace
}  // namespace nodal::nodectl
