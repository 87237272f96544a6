// tests/unit/master/table_test.cc — the cells of `kubectl get`: a pod's READY, STATUS and RESTARTS
// in every state, and cells of others that are easily got wrong.
#include "master/api/table.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <string>
#include <string_view>

namespace nodal::master {
namespace {

namespace json = boost::json;

struct PodCase {
  std::string_view name, pod, ready, status, restarts;
};

class PodRow : public testing::TestWithParam<PodCase> {};

TEST_P(PodRow, SaysHowThePodIs) {
  const auto& c = GetParam();
  std::string row;
  append_row(*schema::find_resource("", "v1", "pods"), json::parse(c.pod).as_object(),
             TimePoint{std::chrono::seconds{1'800'000'000}}, IncludeObject::none, row);
  const auto cells = json::parse(row).at("cells").as_array();
  EXPECT_EQ(cells.at(1).as_string(), c.ready);
  EXPECT_EQ(cells.at(2).as_string(), c.status);
  EXPECT_EQ(cells.at(3).as_string(), c.restarts);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PodRow,
    testing::Values(
        PodCase{"Pending", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending"}})",
                "0/1", "Pending", "0"},
        PodCase{"Running",
                R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]},"status":{"phase":"Running",
                "containerStatuses":[{"name":"a","ready":true,"restartCount":2,"state":{"running":{}}},
                {"name":"b","ready":false,"restartCount":0,"state":{"running":{}}}]}})",
                "1/2", "Running", "2"},
        PodCase{"RestartedAgo",
                R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Running",
                "containerStatuses":[{"name":"a","ready":true,"restartCount":1,
                "state":{"running":{}},
                "lastState":{"terminated":{"finishedAt":"2027-01-15T07:58:00Z"}}}]}})",
                "1/1", "Running", "1 (2m ago)"},
        PodCase{"BacksOff",
                R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Running",
                "containerStatuses":[{"name":"a","restartCount":3,
                "state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}})",
                "0/1", "CrashLoopBackOff", "3"},
        PodCase{"EndedBySignal",
                R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Failed",
                "containerStatuses":[{"name":"a","restartCount":0,
                "state":{"terminated":{"signal":9,"exitCode":137}}}]}})",
                "0/1", "Signal:9", "0"},
        PodCase{"OneEndedOneReady",
                R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]},"status":{"phase":"Running",
                "conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[
                {"name":"a","state":{"terminated":{"exitCode":0,"reason":"Completed"}}},
                {"name":"b","ready":true,"state":{"running":{}}}]}})",
                "1/2", "NotReady", "0"},
        PodCase{
            "Initializes",
            R"({"spec":{"initContainers":[{"name":"i"},{"name":"j"}],"containers":[{"name":"a"}]},
                "status":{"phase":"Pending","initContainerStatuses":[
                {"name":"i","state":{"terminated":{"exitCode":0}}},
                {"name":"j","state":{"running":{}}}]}})",
            "0/1", "Init:1/2", "0"},
        PodCase{"InitFails",
                R"({"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a"}]},
                "status":{"phase":"Pending","initContainerStatuses":[
                {"name":"i","restartCount":1,"state":{"terminated":{"exitCode":4}}}]}})",
                "0/1", "Init:ExitCode:4", "1"},
        PodCase{"SidecarCounts",
                R"({"spec":{"initContainers":[{"name":"s","restartPolicy":"Always"}],
                "containers":[{"name":"a"}]},"status":{"phase":"Running","initContainerStatuses":[
                {"name":"s","started":true,"ready":true,"state":{"running":{}}}],
                "containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]}})",
                "2/2", "Running", "0"},
        PodCase{"SidecarRestartedAgo",
                R"({"spec":{"initContainers":[{"name":"i"},{"name":"s","restartPolicy":"Always"}],
                "containers":[{"name":"a"}]},"status":{"phase":"Running","initContainerStatuses":[
                {"name":"i","restartCount":3,"state":{"terminated":{"exitCode":0}},
                 "lastState":{"terminated":{"finishedAt":"2027-01-15T07:59:00Z"}}},
                {"name":"s","restartCount":2,"started":true,"ready":true,"state":{"running":{}},
                 "lastState":{"terminated":{"finishedAt":"2027-01-15T07:58:00Z"}}}],
                "containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]}})",
                "2/2", "Running", "2 (2m ago)"},
        PodCase{"Gated",
                R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending","conditions":
                [{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}})",
                "0/1", "SchedulingGated", "0"},
        PodCase{"Evicted",
                R"({"spec":{"containers":[{"name":"a"}]},
                "status":{"phase":"Failed","reason":"Evicted"}})",
                "0/1", "Evicted", "0"},
        PodCase{"Terminates",
                R"({"metadata":{"deletionTimestamp":"2027-01-15T08:00:00Z"},
                "spec":{"containers":[{"name":"a"}]},"status":{"phase":"Running",
                "containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]}})",
                "1/1", "Terminating", "0"},
        PodCase{"IsTakenDown",
                R"({"metadata":{"deletionTimestamp":"2027-01-15T08:00:00Z"},
                "spec":{"containers":[{"name":"a"}]},"status":{"phase":"Succeeded",
                "containerStatuses":[{"name":"a",
                "state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}})",
                "0/1", "Terminating", "0"},
        PodCase{"EndedAndHeldByAFinalizer",
                R"({"metadata":{"deletionTimestamp":"2027-01-15T08:00:00Z",
                "finalizers":["example.com/keep"]},
                "spec":{"containers":[{"name":"a"}]},"status":{"phase":"Succeeded",
                "containerStatuses":[{"name":"a",
                "state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}})",
                "0/1", "Completed", "0"},
        PodCase{"NodeLost",
                R"({"metadata":{"deletionTimestamp":"2027-01-15T08:00:00Z"},
                "spec":{"containers":[{"name":"a"}]},
                "status":{"phase":"Running","reason":"NodeLost"}})",
                "0/1", "Unknown", "0"}),
    [](const auto& info) { return std::string(info.param.name); });

struct Cell {
  std::string_view group, plural, object;
  std::size_t column;
  std::string_view text;
};

TEST(Table, CellsReadAsKubernetesWritesThem) {
  const std::string_view subset =
      R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}],
                      "ports":[{"port":80},{"port":81}]},
                     {"addresses":[{"ip":"fd00::1"}],"ports":[{"port":80}]}]})";
  const Cell cells[] = {
      {"", "endpoints", subset, 1, "10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 2 more..."},
      {"", "endpoints", R"({"subsets":[{"addresses":[{"ip":"fd00::1"}],"ports":[{"port":80}]}]})",
       1, "[fd00::1]:80"},
      {"discovery.k8s.io", "endpointslices",
       R"({"ports":[{"port":80,"name":"a"},{"name":"b"},{}]})", 2, "80,b,*"},
      {"", "events", R"({"involvedObject":{"kind":"Node"}})", 3, "node"},
      {"", "events", R"({"involvedObject":{"kind":"Node","name":"n"}})", 3, "node/n"},
      {"apps", "deployments",
       R"({"spec":{"selector":{"matchLabels":{"c":"1","a":"2"},"matchExpressions":[
           {"key":"d","operator":"DoesNotExist"},
           {"key":"b","operator":"In","values":["y","x"]}]}}})",
       7, "a=2,b in (x,y),c=1,!d"},
  };
  for (const auto& c : cells) {
    std::string row;
    append_row(*schema::find_resource(c.group, "v1", c.plural), json::parse(c.object).as_object(),
               TimePoint{}, IncludeObject::none, row);
    EXPECT_EQ(json::parse(row).at("cells").at(c.column).as_string(), c.text) << c.object;
  }
}

}  // namespace
}  // namespace nodal::master
