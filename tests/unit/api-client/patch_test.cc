// tests/unit/api-client/patch_test.cc — the patches that kubectl sends, on a Deployment.
#include "api-client/codec/patch.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api-client/codec/label_selector.h"
#include "api-client/codec/pruning.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

namespace json = boost::json;

std::string applied(std::string_view target, std::string_view patch) {
  const schema::Type& type = *schema::find_resource("apps", "v1", "deployments")->type;
  const auto document = json::parse({target.data(), target.size()});
  const auto change = json::parse({patch.data(), patch.size()});
  const auto out = strategic_merge_patch(document.get_object(), change.get_object(), type);
  return out ? json::serialize(*out) : "error: " + out.error().message;
}
std::string pod(std::string_view spec) {
  return R"({"spec":{"template":{"spec":)" + std::string(spec) + "}}}";
}

struct Case {
  const char* name;
  std::string target, patch, result;
};

TEST(StrategicMergePatch, DoesWhatKubectlMeans) {
  const Case cases[] = {
      {"ImageOfOneContainer", pod(R"({"containers":[{"name":"c1","image":"a:1"},{"name":"c2"}]})"),
       pod(R"({"$setElementOrder/containers":[{"name":"c1"},{"name":"c2"}],"containers":[{"image":"a:2","name":"c1"}]})"),
       pod(R"({"containers":[{"name":"c1","image":"a:2"},{"name":"c2"}]})")},
      {"EnvRemovedAndAdded",
       pod(R"({"containers":[{"name":"c1","env":[{"name":"A"},{"name":"B"}]}]})"),
       pod(R"({"containers":[{"$setElementOrder/env":[{"name":"A"},{"name":"C"}],"env":[{"name":"C","value":"3"},{"$patch":"delete","name":"B"}],"name":"c1"}]})"),
       pod(R"({"containers":[{"name":"c1","env":[{"name":"A"},{"name":"C","value":"3"}]}]})")},
      {"ReorderedOnly", pod(R"({"containers":[{"name":"c1"},{"name":"x"},{"name":"c2"}]})"),
       pod(R"({"$setElementOrder/containers":[{"name":"c2"},{"name":"c1"}]})"),
       pod(R"({"containers":[{"name":"c2"},{"name":"c1"},{"name":"x"}]})")},
      {"VolumeSourceChanged", pod(R"({"volumes":[{"name":"v1","emptyDir":{}}]})"),
       pod(R"({"volumes":[{"$retainKeys":["hostPath","name"],"emptyDir":null,"hostPath":{"path":"/x"},"name":"v1"}]})"),
       pod(R"({"volumes":[{"name":"v1","hostPath":{"path":"/x"}}]})")},
      {"StrategyBecomesRecreate",
       R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})",
       R"({"spec":{"strategy":{"$retainKeys":["type"],"rollingUpdate":null,"type":"Recreate"}}})",
       R"({"spec":{"strategy":{"type":"Recreate"}}})"},
      {"TolerationsAreOneValue", pod(R"({"tolerations":[{"key":"a"},{"key":"b"}]})"),
       pod(R"({"tolerations":[{"key":"k1"}]})"), pod(R"({"tolerations":[{"key":"k1"}]})")},
      {"FinalizerRemoved", R"({"metadata":{"finalizers":["a/b","c/d"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a/b"],"$setElementOrder/finalizers":["c/d"]}})",
       R"({"metadata":{"finalizers":["c/d"]}})"},
      {"FinalizerAdded", R"({"metadata":{"finalizers":["c/d"]}})",
       R"({"metadata":{"$setElementOrder/finalizers":["c/d","e/f"],"finalizers":["e/f"]}})",
       R"({"metadata":{"finalizers":["c/d","e/f"]}})"},
      {"NullsRemove", R"({"metadata":{"annotations":{"n1":"x","n2":"y"}},"spec":{"replicas":2}})",
       R"({"metadata":{"annotations":{"n1":null}},"spec":{"replicas":null}})",
       R"({"metadata":{"annotations":{"n2":"y"}},"spec":{}})"},
      {"ReplaceDirective", R"({"spec":{"replicas":2,"paused":true}})",
       R"({"spec":{"$patch":"replace","replicas":1}})", R"({"spec":{"replicas":1}})"},
      {"NoMergeKey", pod(R"({"containers":[{"name":"c1"}]})"),
       pod(R"({"containers":[{"image":"x"}]})"),
       R"(error: map: {"image":"x"} does not contain declared merge key: name)"},
  };
  for (const auto& c : cases) EXPECT_EQ(applied(c.target, c.patch), c.result) << c.name;
}

TEST(JsonPatch, AppliesAllOrNothing) {
  const auto target = json::parse(R"({"a":{"b":[1,2]},"c~d":1})");
  const auto apply = [&](std::string_view patch) {
    const auto out = json_patch(target, json::parse({patch.data(), patch.size()}));
    return out ? json::serialize(*out) : std::string("error");
  };
  EXPECT_EQ(
      apply(R"([{"op":"add","path":"/a/b/1","value":9},{"op":"add","path":"/a/b/-","value":3}])"),
      R"({"a":{"b":[1,9,2,3]},"c~d":1})");
  EXPECT_EQ(
      apply(R"([{"op":"remove","path":"/c~0d"},{"op":"replace","path":"/a/b/0","value":null}])"),
      R"({"a":{"b":[null,2]}})");
  EXPECT_EQ(
      apply(R"([{"op":"move","from":"/a/b","path":"/x"},{"op":"test","path":"/x","value":[1,2]}])"),
      R"({"a":{},"c~d":1,"x":[1,2]})");
  for (const char* bad :
       {R"([{"op":"test","path":"/a","value":1}])",
        R"([{"op":"replace","path":"/nope","value":1}])", R"([{"op":"remove","path":"/a/b/7"}])",
        R"([{"op":"fly","path":"/a"}])", R"([{"op":"add","path":"/a/b/9","value":1}])",
        R"([{"op":"move","from":"/a","path":"/a/b"}])", R"([{"op":"add","path":"a","value":1}])",
        R"({"op":"add"})", "[1]"})
    EXPECT_EQ(apply(bad), "error") << bad;
  std::string bomb = R"([{"op":"add","path":"/x","value":{"k":[]}})";
  for (int i = 0; i < 200; ++i) bomb += R"(,{"op":"copy","from":"/x","path":"/x/k/-"})";
  EXPECT_EQ(apply(bomb + "]"), "error") << "copies of copies end";
}

TEST(MergePatch, FollowsRfc7386) {
  const auto apply = [](std::string_view target, std::string_view patch) {
    return json::serialize(merge_patch(json::parse({target.data(), target.size()}),
                                       json::parse({patch.data(), patch.size()})));
  };
  EXPECT_EQ(apply(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(apply(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(apply(R"({"a":[1]})", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
}

TEST(Prune, DropsTheUnknownAndNamesTheWrong) {
  const schema::Type& type = *schema::find_resource("apps", "v1", "deployments")->type;
  json::value document = json::parse(
      R"({"kind":"Deployment","spec":{"foo":1,"replicas":null,"template":{"spec":{"containers":[{"imag":"x"}]}}}})");
  std::vector<std::string> unknown;
  ASSERT_TRUE(prune(document.get_object(), type, unknown));
  EXPECT_EQ(unknown,
            (std::vector<std::string>{"spec.foo", "spec.template.spec.containers[0].imag"}));
  EXPECT_EQ(json::serialize(document),
            R"({"kind":"Deployment","spec":{"template":{"spec":{"containers":[{}]}}}})");
  json::value wrong = json::parse(R"({"spec":{"replicas":"two"}})");
  const auto refused = prune(wrong.get_object(), type, unknown);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of "
            "type int32");
  EXPECT_EQ(duplicate_fields(R"({"a":1,"b":[{"c":"\"c\":","c":2}],"a":3})"),
            (std::vector<std::string>{"b[0].c", "a"}));
  EXPECT_EQ(duplicate_fields(R"({"a":1,"\u0061":2})"), (std::vector<std::string>{"a"}));
}

TEST(Prune, LeavesOneTextOfAValue) {
  const auto pruned = [](std::string_view kind, std::string_view text) {
    json::value document = json::parse({text.data(), text.size()});
    std::vector<std::string> unknown;
    const std::string_view group = kind == "leases"                 ? "coordination.k8s.io"
                                   : kind == "subjectaccessreviews" ? "authorization.k8s.io"
                                                                    : "";
    const auto* found = schema::find_resource(group, "v1", kind);
    const auto done = prune(document.get_object(), *found->type, unknown);
    return done ? json::serialize(document) : done.error().message;
  };
  const auto container = [](std::string_view members) {
    return text::cat(R"({"spec":{"containers":[{)", members, "}]}}");
  };
  EXPECT_EQ(pruned("pods", container(R"("resources":{"limits":{"cpu":0.5,"memory":"1024Mi","a/b":3},
                                      "requests":{"cpu":"100u","memory":1e9}})")),
            container(R"("resources":{"limits":{"cpu":"500m","memory":"1Gi","a/b":"3"},)"
                      R"("requests":{"cpu":"1m","memory":"1G"}})"));
  EXPECT_EQ(pruned("pods", R"({"spec":{"volumes":[{"emptyDir":{"sizeLimit":"0.5Gi"}}]}})"),
            R"({"spec":{"volumes":[{"emptyDir":{"sizeLimit":"512Mi"}}]}})");
  EXPECT_EQ(pruned("pods", container(R"("args":[null,"a"],"ports":[null],
                                       "resources":{"limits":{"cpu":null}})")),
            container(R"("args":["","a"],"ports":[{}],"resources":{"limits":{"cpu":"0"}})"));
  EXPECT_EQ(pruned("subjectaccessreviews", R"({"spec":{"extra":{"a":["x",null]}}})"),
            R"({"spec":{"extra":{"a":["x",""]}}})");
  EXPECT_NE(
      pruned("subjectaccessreviews", R"({"spec":{"extra":{"a":[1]}}})").find("cannot unmarshal"),
      std::string::npos);
  EXPECT_EQ(pruned("leases", R"({"metadata":{"deletionTimestamp":"2026-01-02T03:04:05.678+01:00"},
                                "spec":{"renewTime":"2026-01-02T03:04:05+01:00"}})"),
            R"({"metadata":{"deletionTimestamp":"2026-01-02T02:04:05Z"},)"
            R"("spec":{"renewTime":"2026-01-02T02:04:05.000000Z"}})");
}

TEST(LabelSelector, ParsesAndMatches) {
  const auto matches = [](std::string_view text) {
    const auto selector = LabelSelector::parse(text);
    if (!selector) return -1;
    return selector->matches([](std::string_view key) -> std::optional<std::string_view> {
      if (key == "app") return "web";
      if (key == "n") return "5";
      return std::nullopt;
    })
               ? 1
               : 0;
  };
  for (const char* yes : {"", "app=web", "app==web", "app", "!x", "x!=y", "app in (a, web)",
                          "x notin (a)", "n>4", "n<6", "app=web,n=5"})
    EXPECT_EQ(matches(yes), 1) << yes;
  for (const char* no :
       {"app=x", "x", "!app", "app!=web", "app notin (web)", "n>5", "x=", "app=web,x"})
    EXPECT_EQ(matches(no), 0) << no;
  for (const char* bad : {"a b", "a in", "a in (b", "=b", "a=b,", "a=-", "a!b", "-a", "a>x", ","})
    EXPECT_EQ(matches(bad), -1) << bad;
}

}  // namespace
}  // namespace nodal::codec
