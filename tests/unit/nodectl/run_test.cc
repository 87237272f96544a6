// tests/unit/nodectl/run_test.cc — the pod that `run` makes, how it ended, and where streams open.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "nodectl/attaching.h"
#include "nodectl/document.h"
#include "nodectl/run_pod.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

PodWanted wanted() { return {.name = "shell", .image = "web:1"}; }

TEST(RunPod, ReadsOnlyForTheFirstWhoAttaches) {
  auto pod = wanted();
  pod.input = pod.tty = true;
  pod.words = {"sh", "-c", "true"};
  json::value made = pod_of(pod).value();
  const auto& container = list_at(made, "spec.containers")[0];
  EXPECT_TRUE(bool_at(container, "stdin"));
  EXPECT_TRUE(bool_at(container, "stdinOnce"));
  EXPECT_TRUE(bool_at(container, "tty"));
  EXPECT_EQ(list_at(container, "args").size(), 3u);
  EXPECT_EQ(text_at(made, "metadata.labels.run"), "shell");
  pod.input_stays_open = true;
  made = pod_of(pod).value();
  EXPECT_EQ(find(list_at(made, "spec.containers")[0], "stdinOnce"), nullptr);
}

TEST(RunPod, IsOverridden) {
  auto pod = wanted();
  pod.overrides = R"({"spec":{"nodeName":"n","restartPolicy":null}})";
  json::value made = pod_of(pod).value();
  EXPECT_EQ(text_at(made, "spec.nodeName"), "n");
  EXPECT_EQ(find(made, "spec.restartPolicy"), nullptr);
  EXPECT_EQ(list_at(made, "spec.containers").size(), 1u);
  pod.override_type = "strategic";
  pod.overrides = R"({"spec":{"containers":[{"name":"shell","tty":true}]}})";
  made = pod_of(pod).value();
  EXPECT_EQ(text_at(list_at(made, "spec.containers")[0], "image"), "web:1");
  pod.override_type = "json";
  pod.overrides = R"([{"op":"add","path":"/spec/nodeName","value":"m"}])";
  EXPECT_EQ(text_at(pod_of(pod).value(), "spec.nodeName"), "m");
  for (const char* bad : {"{", "[1]", R"([{"op":"test","path":"/x","value":1}])"}) {
    pod.overrides = bad;
    EXPECT_FALSE(pod_of(pod)) << bad;
  }
  pod.overrides = "{}";
  pod.override_type = "other";
  EXPECT_FALSE(pod_of(pod));
}

TEST(RunPod, RefusesWhatDoesNotFit) {
  auto pod = wanted();
  pod.restart = "Sometimes";
  EXPECT_FALSE(pod_of(pod));
  pod = wanted();
  pod.env = {"novalue"};
  EXPECT_FALSE(pod_of(pod));
  pod = wanted();
  pod.labels = "a=b,c";
  EXPECT_FALSE(pod_of(pod));
  pod = wanted();
  pod.annotations = {"a"};
  EXPECT_FALSE(pod_of(pod));
}

TEST(EndOfPod, IsTheContainersExitCode) {
  const auto end = [](const char* status) {
    return end_of_pod(json::object{{"metadata", {{"name", "a"}, {"namespace", "ns"}}},
                                   {"status", json::parse(status)}});
  };
  EXPECT_EQ(end(R"({"phase":"Succeeded"})")->code, 0);
  const auto failed = end(
      R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3,"reason":"Error","message":"no\n"}}}]})");
  EXPECT_EQ(failed->code, 3);
  EXPECT_EQ(failed->message, "pod ns/a terminated (Error)\nno");
  EXPECT_FALSE(end(R"({"phase":"Failed"})")) << "nobody says how";
  EXPECT_FALSE(end(R"({"phase":"Running"})"));
}

TEST(StreamPath, QuotesWhatUsersType) {
  EXPECT_EQ(stream_path("ns", "web", "exec", "c", true, false, {"echo", "a&b c"}),
            "/api/v1/namespaces/ns/pods/web/exec?container=c&stdout=true&stdin=true&stderr=true"
            "&command=echo&command=a%26b%20c");
  EXPECT_EQ(stream_path("ns", "web", "attach", "c", false, true, {}),
            "/api/v1/namespaces/ns/pods/web/attach?container=c&stdout=true&tty=true");
}

}  // namespace
}  // namespace nodal::nodectl
