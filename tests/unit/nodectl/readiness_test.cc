// tests/unit/nodectl/readiness_test.cc — when a node counts as up, and when waiting makes no sense.
#include "nodectl/cluster/readiness.h"

#include <gtest/gtest.h>

namespace nodal::nodectl {
namespace {

using namespace std::chrono_literals;

const TimePoint now = TimePoint{} + 1000000s;

PartState running(std::string name, TimePoint since) {
  PartState part;
  part.name = std::move(name);
  part.pid = 7;
  part.started_at = since;
  return part;
}

NodeSigns good() {
  NodeSigns signs;
  for (const char* name : {"master", "agent", "proxy"})
    signs.parts.push_back(running(name, now - 2s));
  signs.reported = now - 1s;
  signs.told = now - 2s;
  signs.ready = signs.proxy_ready = true;
  return signs;
}

template <class Change>
std::string missing(Change change) {
  auto signs = good();
  change(signs);
  const auto out = missing_of(signs, now);
  return out ? out->part + ": " + out->what : "";
}

TEST(Readiness, EverySignIsNeeded) {
  EXPECT_EQ(missing([](NodeSigns&) {}), "");
  EXPECT_EQ(missing([](NodeSigns& s) {
              s.parts[2].pid = 0;
              s.parts[2].last_exit = "exit code 1";
            }),
            "proxy: the proxy does not run (it ended with exit code 1)");
  EXPECT_EQ(missing([](NodeSigns& s) {
              s.ready = false;
              s.unready_because = "no network";
            }),
            "agent: the node is not Ready: no network");
  EXPECT_EQ(missing([](NodeSigns& s) { s.proxy_ready = false; }),
            "proxy: the proxy has not programmed the Services yet");
}

TEST(Readiness, AReportOfAnEarlierAgentDoesNotCount) {
  const char* unreported = "agent: the agent has not reported since it started";
  EXPECT_EQ(missing([](NodeSigns& s) { s.reported.reset(); }), unreported);
  EXPECT_EQ(missing([](NodeSigns& s) { s.reported = now - 3s; }), unreported)
      << "before the agent's start";
  EXPECT_EQ(missing([](NodeSigns& s) {
              s.parts[1].started_at = now - 1h;
              s.reported = now - 9s;
              s.told = now - 4min;
            }),
            "")
      << "it renews every ten seconds";
  EXPECT_EQ(missing([](NodeSigns& s) {
              s.parts[1].started_at = now - 1h;
              s.reported = now - 1min;
            }),
            unreported)
      << "it hangs";
  EXPECT_EQ(missing([](NodeSigns& s) { s.told = now - 3s; }), unreported)
      << "the condition is the earlier agent's";
  EXPECT_EQ(missing([](NodeSigns& s) {
              s.parts[1].started_at = now - 1500ms;
              s.told = now - 2s;
            }),
            "")
      << "its fraction of the second is cut off";
}

TEST(Readiness, APartThatKeepsEndingIsHopeless) {
  PartState ended = running("proxy", now - 1s);
  ended.pid = 0;
  ended.restarts = 2;
  EXPECT_EQ(hopeless_part({}, {ended})->name, "proxy") << "three starts, three ends";
  ended.restarts = 1;
  EXPECT_FALSE(hopeless_part({}, {ended}));
  // A node that was stopped: what happened before does not count.
  PartState before = ended;
  before.restarts = 5;
  auto after = running("proxy", now);
  after.restarts = 6;
  EXPECT_FALSE(hopeless_part({before}, {after}));
  after.pid = 0;
  after.restarts = 8;
  EXPECT_TRUE(hopeless_part({before}, {after}));
  after.pid = 7;
  EXPECT_FALSE(hopeless_part({before}, {after})) << "the third one runs";
}

}  // namespace
}  // namespace nodal::nodectl
