// tests/unit/nodectl/describe_test.cc — pages of objects, compared with those that kubectl printed
// of the same objects (tests/golden/nodectl).
#include "nodectl/describe/describe.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <ctime>

#include "api-client/codec/time.h"
#include "base/file.h"
#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::string golden(const std::string& name) {
  return file::read("tests/golden/nodectl/" + name, 1 << 20).value();
}

class Describe : public testing::Test {
 protected:
  Describe() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    related.now = *parse_time("2026-11-23T21:30:00Z");
  }
  std::string described(const std::string& name) {
    const auto object = json::parse(golden(name + ".json"));
    const auto version = text_at(object, "apiVersion");
    const auto slash = version.find('/');
    const auto group = slash == std::string::npos ? "" : version.substr(0, slash);
    return describer_of(group, text_at(object, "kind")).render(object, related);
  }
  json::value event(const char* first, const char* last, int count) {
    return json::object{{"type", "Normal"},
                        {"reason", "Pulled"},
                        {"message", "again\n"},
                        {"count", count},
                        {"firstTimestamp", first},
                        {"lastTimestamp", last},
                        {"source", json::object{{"component", "kubelet"}, {"host", "n"}}}};
  }

  Related related;
};

struct Page : Describe, testing::WithParamInterface<const char*> {};

TEST_P(Page, IsAsKubectlPrintsIt) {
  related.show_events = false;
  related.replica_sets.push_back(json::parse(golden("replicaset.json")));
  const auto slices = json::parse(golden("endpointslices.json"));
  related.slices = list_at(slices, "items");
  EXPECT_EQ(described(GetParam()), golden(text::cat(GetParam(), ".txt")));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Page,
                         testing::Values("pod", "deployment", "service", "configmap", "secret",
                                         "endpoints", "event", "serviceaccount", "namespace"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(Describe, EventsStandOldestFirstWithTheirCounts) {
  related.events = {event("2026-11-23T21:20:00Z", "2026-11-23T21:29:00Z", 3),
                    event("2026-11-23T21:25:00Z", "2026-11-23T21:25:00Z", 1)};
  const auto text = described("serviceaccount");
  EXPECT_NE(text.find("Events:\n"
                      "  Type    Reason  Age                From     Message\n"
                      "  ----    ------  ----               ----     -------\n"
                      "  Normal  Pulled  5m                 kubelet  again\n"
                      "  Normal  Pulled  60s (x3 over 10m)  kubelet  again\n"),
            std::string::npos)
      << text;
  related.events.clear();
  EXPECT_TRUE(described("serviceaccount").ends_with("Events:              <none>\n"));
}

TEST_F(Describe, ALongAnnotationIsCutAndOneOfManyLinesStandsBelowItsKey) {
  const json::value object = json::object{
      {"kind", "ServiceAccount"},
      {"metadata",
       json::object{{"name", "a"},
                    {"annotations", json::object{{"k", std::string(200, 'x')}, {"l", "1\n2\n"}}}}}};
  const auto text = describe_service_account(object, related);
  EXPECT_NE(text.find("k:\n                       " + std::string(138, 'x') + "...\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("l:\n                       1\n                       2\n"),
            std::string::npos)
      << text;
}

TEST_F(Describe, OnlyThreeEndpointsOfManyAreNamed) {
  json::array endpoints;
  for (const char* ip : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"})
    endpoints.push_back(json::object{{"addresses", json::array{ip}}});
  endpoints.push_back(json::object{{"addresses", json::array{"10.0.0.6"}},
                                   {"conditions", json::object{{"ready", false}}}});
  related.slices.push_back(json::object{
      {"metadata", json::object{{"labels", json::object{{"kubernetes.io/service-name", "web"}}}}},
      {"ports", json::array{json::object{{"name", "http"}, {"port", 8080}}}},
      {"endpoints", endpoints}});
  EXPECT_NE(described("service").find("10.0.0.1:8080,10.0.0.2:8080,10.0.0.3:8080 + 2 more..."),
            std::string::npos);
}

TEST_F(Describe, ANodesLoadIsASumOfItsPods) {
  const json::value node = json::parse(
      R"({"metadata":{"name":"n"},"status":{"allocatable":{"cpu":"2","memory":"1Gi"}}})");
  related.pods.push_back(json::parse(
      R"({"metadata":{"name":"p","namespace":"d","creationTimestamp":"2026-11-23T21:25:00Z"},
          "spec":{"initContainers":[{"resources":{"requests":{"cpu":"1"}}}],
                  "containers":[{"resources":{"requests":{"cpu":"250m","memory":"256Mi"}}},
                                {"resources":{"requests":{"cpu":"250m"},
                                              "limits":{"memory":"512Mi"}}}]}})"));
  const auto text = describe_node(node, related);
  EXPECT_NE(text.find("1 (50%)"), std::string::npos) << "an init container asks for more: " << text;
  EXPECT_NE(text.find("256Mi (25%)"), std::string::npos) << text;
  EXPECT_NE(text.find("512Mi (50%)"), std::string::npos) << text;
}

}  // namespace
}  // namespace nodal::nodectl
