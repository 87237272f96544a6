// tests/unit/master/registry/change_test.cc — what of an object may change, and what Secrets of a
// type hold.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/documents.h"
#include "master/registry/object_store.h"
#include "master/registry/strategy/difference.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

std::string lines(const Answer<>& answer) {
  if (answer) return "";
  std::string out;
  for (const auto& cause : answer.error().causes)
    out += text::cat(out.empty() ? "" : "\n", cause.field, ": ", cause.message);
  return out;
}

json::object object_of(std::string_view text) {
  auto object = json::parse(text).as_object();
  auto& metadata = metadata_of(object);
  metadata["name"] = "x";
  metadata["namespace"] = "default";
  return object;
}

// What is said of a change from the one to the other; "" when it may be.
std::string refusal(std::string_view plural, std::string_view before, std::string_view now,
                    std::string_view subresource = "") {
  const auto* resource = schema::find_resource("", "v1", plural);
  auto old = object_of(before);
  fill_defaults(*resource, old);
  auto object = object_of(now);
  return lines(prepare_change(*resource, subresource, object, old));
}

std::string pod(std::string_view spec, std::string_view container = "") {
  return text::cat(R"({"spec":{"containers":[{"name":"c","image":"i:1")",
                   container.empty() ? "" : ",", container, "}]", spec.empty() ? "" : ",", spec,
                   "}}");
}

TEST(PodChange, LittleMayChange) {
  const struct {
    const char* name;
    std::string before, now;
    const char* refusal;
  } cases[] = {
      {"nothing", pod(""), pod(""), ""},
      {"image", pod(""), R"({"spec":{"containers":[{"name":"c","image":"i:2"}]}})", ""},
      {"a deadline", pod(""), pod(R"("activeDeadlineSeconds":9)"), ""},
      {"a longer one", pod(R"("activeDeadlineSeconds":9)"), pod(R"("activeDeadlineSeconds":10)"),
       "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous "
       "value"},
      {"none any more", pod(R"("activeDeadlineSeconds":9)"), pod(""),
       "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer "
       "to nil value"},
      {"one more toleration", pod(R"("tolerations":[{"key":"a","operator":"Exists"}])"),
       pod(R"("tolerations":[{"key":"b","operator":"Exists"},{"key":"a","operator":"Exists"}])"),
       ""},
      {"a longer toleration",
       pod(R"("tolerations":[{"key":"a","effect":"NoExecute","tolerationSeconds":3}])"),
       pod(R"("tolerations":[{"key":"a","effect":"NoExecute","tolerationSeconds":9}])"), ""},
      {"one toleration less", pod(R"("tolerations":[{"key":"a","operator":"Exists"}])"), pod(""),
       "spec.tolerations: Forbidden: existing toleration can not be modified except its "
       "tolerationSeconds"},
      {"a container more", pod(""),
       R"({"spec":{"containers":[{"name":"c","image":"i:1"},{"name":"d","image":"i"}]}})",
       "spec.containers: Forbidden: pod updates may not add or remove containers"},
      {"anything else", pod(R"("hostname":"a")"), pod(R"("hostname":"b")"),
       "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
       "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
       "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
       "set to 1 if it was previously negative)\n"
       "  core.PodSpec{\n- \thostname: \"a\",\n+ \thostname: \"b\",\n  }\n"},
      {"what has a default since",
       R"({"spec":{"containers":[{"name":"c","image":"i:1","resources":{"requests":{"cpu":"1"}}}]}})",
       pod("", R"("resources":{"requests":{"cpu":"1"}})"), ""},
  };
  for (const auto& c : cases) EXPECT_EQ(refusal("pods", c.before, c.now), c.refusal) << c.name;
}

std::string terms(std::string_view list) {
  return text::cat(
      R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":)",
      R"({"nodeSelectorTerms":)", list, "}}}");
}

TEST(PodChange, EphemeralContainersAreAddedThroughTheirSubresourceAlone) {
  const auto with = [](std::string_view list) {
    return pod(text::cat(R"("ephemeralContainers":[)", list, "]"));
  };
  const std::string one = R"({"name":"d","image":"d:1"})";
  const std::string at = "spec.ephemeralContainers[0].";
  const std::string never = ": Forbidden: cannot be set for an Ephemeral Container";
  const struct {
    std::string before, now, refusal;
  } cases[] = {
      {pod(""), with(one), ""},
      {with(one), with(one), ""},
      {with(one), with(R"({"name":"e","image":"e"},)" + one), ""},
      // What else differs is left as it was.
      {with(one),
       R"({"spec":{"containers":[],"hostNetwork":true,"ephemeralContainers":[)" + one + "]}}", ""},
      {with(one), pod(""),
       "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be "
       "removed\n"},
      {pod(""), with(R"({"name":"c","image":"d"})"), at + "name: Duplicate value: \"c\""},
      {pod(""), with(one + "," + one), "spec.ephemeralContainers[1].name: Duplicate value: \"d\""},
      {pod(""), with(R"({"name":"d"})"), at + "image: Required value"},
      {pod(""), with(R"({"name":"d","image":"d","targetContainerName":"c"})"), ""},
      {pod(""), with(R"({"name":"d","image":"d","targetContainerName":"x"})"),
       at + "targetContainerName: Not found: \"x\""},
      {with(one), with(one + R"(,{"name":"e","image":"d","targetContainerName":"d"})"),
       "spec.ephemeralContainers[1].targetContainerName: Not found: \"d\""},
      {pod(""), with(R"({"name":"d","image":"d","ports":[{"containerPort":80}]})"),
       at + "ports" + never},
      {pod(""), with(R"({"name":"d","image":"d","resources":{"limits":{"cpu":"1"}}})"),
       at + "resources" + never},
      {pod(""), with(R"({"name":"d","image":"d","livenessProbe":{"exec":{"command":["x"]}}})"),
       at + "livenessProbe" + never},
      {pod(""),
       with(R"({"name":"d","image":"d","lifecycle":{"preStop":{"exec":{"command":["x"]}}}})"),
       at + "lifecycle" + never},
  };
  for (const auto& c : cases)
    EXPECT_EQ(refusal("pods", c.before, c.now, "ephemeralcontainers"), c.refusal) << c.now;
  EXPECT_TRUE(
      refusal("pods", with(one), with(R"({"name":"d","image":"d:2"})"), "ephemeralcontainers")
          .starts_with("spec.ephemeralContainers: Forbidden: existing ephemeral containers "
                       "\"d\" may not be changed\n"));
  EXPECT_TRUE(
      refusal("pods", pod(""), with(one)).starts_with("spec: Forbidden: pod updates may not"));
  EXPECT_TRUE(refusal("pods", with(one), with(R"({"name":"d","image":"d:2"})"))
                  .starts_with("spec: Forbidden: pod updates may not"));
  auto made = object_of(with(one));
  EXPECT_EQ(lines(prepare_new(*schema::find_resource("", "v1", "pods"), made)),
            "spec.ephemeralContainers: Forbidden: cannot be set on create");
}

TEST(PodChange, AGateIsTakenAwayAndAGatedPodNarrowed) {
  const std::string gated = R"("schedulingGates":[{"name":"a"},{"name":"b"}])";
  const std::string disk = R"([{"matchExpressions":[{"key":"disk","operator":"Exists"}]}])";
  const std::string disk_and_zone =
      R"([{"matchExpressions":[{"key":"disk","operator":"Exists"},{"key":"zone","operator":"Exists"}]}])";
  const std::string zone = R"([{"matchExpressions":[{"key":"zone","operator":"Exists"}]}])";
  const std::string at =
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
      "nodeSelectorTerms";
  const struct {
    const char* name;
    std::string before, now;
    std::string refusal;
  } cases[] = {
      {"one gate", pod(gated), pod(R"("schedulingGates":[{"name":"b"}])"), ""},
      {"all gates", pod(gated), pod(""), ""},
      {"another gate", pod(R"("schedulingGates":[{"name":"a"}])"), pod(gated),
       "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new "
       "scheduling gate 'b'"},
      {"a node that is gated", pod(gated), pod(gated + R"(,"nodeName":"n")"),
       "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"},
      {"narrower", pod(gated + R"(,"nodeSelector":{"a":"b"})"),
       pod(gated + R"(,"nodeSelector":{"a":"b","c":"d"})"), ""},
      {"wider", pod(gated + R"(,"nodeSelector":{"a":"b"})"), pod(gated),
       "spec.nodeSelector: Invalid value: null: only additions to spec.nodeSelector are allowed "
       "(no mutations or deletions)"},
      {"narrower and free", pod(gated), pod(R"("nodeSelector":{"a":"b"})"), ""},
      {"affinity", pod(gated), pod(gated + "," + terms(disk)), ""},
      {"narrower affinity", pod(gated + "," + terms(disk)), pod(gated + "," + terms(disk_and_zone)),
       ""},
      {"other affinity", pod(gated + "," + terms(disk)), pod(gated + "," + terms(zone)),
       at + "[0]: Invalid value: "
            R"({"matchExpressions":[{"key":"zone","operator":"Exists"}]}: only additions are )"
            "allowed (no mutations or deletions)"},
      {"no affinity", pod(gated + "," + terms(disk)), pod(gated),
       at + ": Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list "
            "are allowed"},
  };
  for (const auto& c : cases) {
    const auto found = refusal("pods", c.before, c.now);
    EXPECT_EQ(found.substr(0, found.find("\nspec: ")), c.refusal) << c.name;
  }
  EXPECT_TRUE(refusal("pods", pod(R"("nodeSelector":{"a":"b"})"),
                      pod(R"("nodeSelector":{"a":"b","c":"d"})"))
                  .starts_with("spec: Forbidden: pod updates"))
      << "without a gate nothing may be narrowed";
}

TEST(PodChange, TheResizePolicyIsFilledIn) {
  const auto* pods = schema::find_resource("", "v1", "pods");
  auto object = object_of(pod("", R"("resources":{"limits":{"cpu":"1"},"requests":{"memory":"1Mi"}},
                 "resizePolicy":[{"resourceName":"memory","restartPolicy":"RestartContainer"}])"));
  ASSERT_EQ(lines(prepare_new(*pods, object)), "");
  EXPECT_EQ(object.at("spec").at("containers").at(0).at("resizePolicy"),
            json::parse(R"([{"resourceName":"memory","restartPolicy":"RestartContainer"},
                            {"resourceName":"cpu","restartPolicy":"NotRequired"}])"));
}

TEST(Difference, IsAPageAtMost) {
  json::object before, now;
  for (int i = 0; i < 40; ++i) now[std::to_string(i)] = std::string(1000, 'x');
  const auto text = difference("T", before, now);
  EXPECT_LT(text.size(), 4000u);
  EXPECT_TRUE(text.starts_with("  T{\n+ \t0: \"xxx")) << text;
  EXPECT_TRUE(text.ends_with("...,\n  \t...\n  }\n")) << text;
}

TEST(NodeChange, WhatItWasGivenStays) {
  const char* bare = R"({"spec":{}})";
  const char* full =
      R"({"spec":{"podCIDR":"10.244.0.0/24","podCIDRs":["10.244.0.0/24"],"providerID":"a://b"}})";
  EXPECT_EQ(refusal("nodes", bare, full), "");
  EXPECT_EQ(refusal("nodes", full, full), "");
  EXPECT_EQ(refusal("nodes", full, bare),
            "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to "
            "valid\nspec.providerID: Forbidden: node updates may not change providerID except from "
            "\"\" to valid");
}

TEST(Secrets, HoldWhatTheirTypeSays) {
  const auto* secrets = schema::find_resource("", "v1", "secrets");
  const struct {
    const char* object;
    const char* refusal;
  } cases[] = {
      {R"({"data":{"a":"eA=="}})", ""},
      {R"({"type":"example.com/mine"})", ""},
      {R"({"type":"kubernetes.io/tls","data":{"tls.crt":"eA==","tls.key":"eA=="}})", ""},
      {R"({"type":"kubernetes.io/tls","stringData":{"tls.crt":"x"}})",
       "data[tls.key]: Required value"},
      {R"({"type":"kubernetes.io/tls"})",
       "data[tls.crt]: Required value\ndata[tls.key]: Required value"},
      {R"({"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"{\"auths\":{}}"}})",
       ""},
      {R"({"type":"kubernetes.io/dockerconfigjson"})", "data[.dockerconfigjson]: Required value"},
      {R"({"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":""}})",
       "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": unexpected end of "
       "JSON input"},
      {R"({"type":"kubernetes.io/dockercfg","stringData":{".dockercfg":"[]"}})",
       "data[.dockercfg]: Invalid value: \"<secret contents redacted>\": json: cannot unmarshal "
       "the value into Go value of type map[string]interface {}"},
      {R"({"type":"kubernetes.io/basic-auth","stringData":{"password":""}})", ""},
      {R"({"type":"kubernetes.io/basic-auth"})",
       "data[username]: Required value\ndata[password]: Required value"},
      {R"({"type":"kubernetes.io/ssh-auth","stringData":{"ssh-privatekey":""}})",
       "data[ssh-privatekey]: Required value"},
      {R"({"type":"kubernetes.io/service-account-token"})",
       "metadata.annotations[kubernetes.io/service-account.name]: Required value"},
      {R"({"type":"kubernetes.io/service-account-token",
           "metadata":{"annotations":{"kubernetes.io/service-account.name":"default"}}})",
       ""},
  };
  for (const auto& c : cases) {
    auto object = object_of(c.object);
    EXPECT_EQ(lines(prepare_new(*secrets, object)), c.refusal) << c.object;
  }
  auto bad = object_of(
      R"({"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"hunter2"}})");
  const auto said = lines(prepare_new(*secrets, bad));
  EXPECT_TRUE(
      said.starts_with("data[.dockerconfigjson]: Invalid value: \"<secret contents "
                       "redacted>\": invalid JSON"))
      << said;
  EXPECT_EQ(said.find("hunter2"), std::string::npos) << "a refusal tells nothing of the secret";
}

}  // namespace
}  // namespace nodal::master
