// tests/unit/nodectl/changes_test.cc — labels, images, variables, conditions and rollouts, as typed
// and as told.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "nodectl/condition.h"
#include "nodectl/document.h"
#include "nodectl/duration.h"
#include "nodectl/errors.h"
#include "nodectl/explain.h"
#include "nodectl/last_applied.h"
#include "nodectl/log_sources.h"
#include "nodectl/manifests.h"
#include "nodectl/marks.h"
#include "nodectl/pod_template.h"
#include "nodectl/print/table.h"
#include "nodectl/rollout/history.h"
#include "nodectl/rollout/status.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

TEST(Marks, AreTakenOutOfTheWords) {
  std::vector<std::string> words{"pod", "web", "a=b", "c-", "d="};
  const auto marks = take_marks(words, "label").value();
  EXPECT_EQ(words, (std::vector<std::string>{"pod", "web"}));
  EXPECT_EQ(marks.set.size(), 2u);
  EXPECT_EQ(marks.removed, std::vector<std::string>{"c"});
  words = {"pod", "a=b", "a-"};
  EXPECT_FALSE(take_marks(words, "label")) << "set and removed at once";
  words = {"pod", "a=b", "web"};
  EXPECT_FALSE(take_marks(words, "label")) << "an object after a change";
  words = {"pod", "web", "a=b c"};
  EXPECT_FALSE(take_marks(words, "label"));
  words = {"pod", "web", "a=b c"};
  EXPECT_TRUE(take_marks(words, "annotation"));
}

TEST(Marks, OverwriteOnlyWhenTheyMay) {
  const json::object now{{"a", "1"}};
  std::vector<std::string> missing;
  EXPECT_EQ(marked(now, {.set = {{"a", "1"}}}, false, missing).value(), now);
  EXPECT_EQ(marked(now, {.set = {{"a", "2"}}}, false, missing).error().message,
            "'a' already has a value (1)");
  EXPECT_EQ(marked(now, {.set = {{"a", "2"}}}, true, missing).value(), (json::object{{"a", "2"}}));
  EXPECT_EQ(marked(now, {.removed = {"a", "b"}}, false, missing).value(), json::object{});
  EXPECT_EQ(missing, std::vector<std::string>{"b"});
}

class Template : public testing::Test {
 protected:
  json::value deployment = json::parse(R"({"kind":"Deployment","spec":{"template":{"spec":{
    "initContainers":[{"name":"first","image":"a:1"}],
    "containers":[{"name":"web","image":"a:1","env":[{"name":"A","value":"1"}]}]}}}})");
  json::object& spec = *pod_spec(deployment.get_object());
  std::string web(std::string_view path) {
    const auto* found = find(spec.at("containers").at(0), path);
    return found == nullptr ? "" : sorted_json(*found);
  }
};

TEST_F(Template, ImagesByNameOrOfAll) {
  ASSERT_TRUE(set_images(spec, {"web=a:2"}));
  EXPECT_EQ(web("image"), "\"a:2\"");
  EXPECT_EQ(text_at(spec.at("initContainers").at(0), "image"), "a:1");
  ASSERT_TRUE(set_images(spec, {"*=a:3"}));
  EXPECT_EQ(text_at(spec.at("initContainers").at(0), "image"), "a:3");
  EXPECT_EQ(set_images(spec, {"nope=a:2"}).error().message,
            "unable to find container named \"nope\"");
  EXPECT_FALSE(set_images(spec, {"web="}));
}

TEST_F(Template, VariablesAreSetChangedAndRemoved) {
  ASSERT_TRUE(set_environment(spec, {"A=2", "B=3"}, "web"));
  EXPECT_EQ(web("env"), R"([{"name":"A","value":"2"},{"name":"B","value":"3"}])");
  ASSERT_TRUE(set_environment(spec, {"A-", "B-"}, "*"));
  EXPECT_EQ(web("env"), "");
  ASSERT_TRUE(set_environment_from(spec, "configMapKeyRef", "conf", {"ca.crt"}, "P_", "web"));
  EXPECT_EQ(
      web("env"),
      R"([{"name":"P_CA_CRT","valueFrom":{"configMapKeyRef":{"key":"ca.crt","name":"conf"}}}])");
}

TEST_F(Template, AmountsMustBeQuantities) {
  ASSERT_TRUE(set_resources(spec, "cpu=100m", "cpu=1,memory=64Mi", "*"));
  EXPECT_EQ(web("resources"),
            R"({"limits":{"cpu":"1","memory":"64Mi"},"requests":{"cpu":"100m"}})");
  EXPECT_FALSE(set_resources(spec, "cpu=much", "", "*"));
  EXPECT_FALSE(set_resources(spec, "cpu", "", "*"));
}

struct Held {
  const char *condition, *object;
  bool expected;
};

TEST(ConditionOfWait, HoldsOfWhatItNames) {
  const char* ready =
      R"({"metadata":{"generation":2},"status":{"observedGeneration":2,"phase":"Running",
          "conditions":[{"type":"Ready","status":"True"}]}})";
  const char* stale =
      R"({"metadata":{"generation":3},"status":{"observedGeneration":2,
          "conditions":[{"type":"Ready","status":"True"}]}})";
  for (const auto& [condition, object, expected] :
       {Held{"condition=ready", ready, true}, Held{"condition=Ready=false", ready, false},
        Held{"condition=ready", stale, false}, Held{"condition=other", ready, false},
        Held{"jsonpath={.status.phase}=Running", ready, true},
        Held{"jsonpath={.status.phase}=Failed", ready, false},
        Held{"jsonpath={.status.phase}", ready, true},
        Held{"jsonpath=.status.phase=Running", ready, true},
        Held{"jsonpath={.status.conditions[?(@.type==\"Ready\")].status}=True", ready, true},
        Held{"jsonpath={.nope}", ready, false}, Held{"delete", ready, false},
        Held{"create", ready, true}}) {
    const auto parsed = json::parse(object);
    EXPECT_EQ(Condition::parse(condition).value().holds(&parsed).value(), expected) << condition;
  }
  EXPECT_TRUE(Condition::parse("delete")->holds(nullptr).value());
  EXPECT_FALSE(Condition::parse("nonsense"));
  EXPECT_FALSE(Condition::parse("jsonpath={.a}="));
}

TEST(Rollout, IsToldStepByStep) {
  const auto told = [](const char* fields) {
    auto object = json::parse(
        text::cat(R"({"metadata":{"name":"web","generation":2},"spec":{"replicas":3},"status":{)",
                  fields, "}}"));
    const auto progress = rollout_progress(object, 0);
    return progress ? text::cat(progress->done ? "done: " : "", progress->text)
                    : "error: " + progress.error().message;
  };
  const std::string waiting = "Waiting for deployment \"web\" rollout to finish: ";
  EXPECT_EQ(told(R"("observedGeneration":1)"),
            "Waiting for deployment spec update to be observed...");
  EXPECT_EQ(told(R"("observedGeneration":2,"updatedReplicas":1)"),
            waiting + "1 out of 3 new replicas have been updated...");
  EXPECT_EQ(told(R"("observedGeneration":2,"updatedReplicas":3,"replicas":4)"),
            waiting + "1 old replicas are pending termination...");
  EXPECT_EQ(
      told(R"("observedGeneration":2,"updatedReplicas":3,"replicas":3,"availableReplicas":2)"),
      waiting + "2 of 3 updated replicas are available...");
  EXPECT_EQ(
      told(R"("observedGeneration":2,"updatedReplicas":3,"replicas":3,"availableReplicas":3)"),
      "done: deployment \"web\" successfully rolled out");
  EXPECT_EQ(told(R"("observedGeneration":2,"conditions":[{"type":"Progressing","status":"False",
                    "reason":"ProgressDeadlineExceeded"}])"),
            "error: deployment \"web\" exceeded its progress deadline");
}

TEST(History, IsReadFromTheReplicaSetsOfTheDeployment) {
  const auto deployment = json::parse(R"({"metadata":{"uid":"u","annotations":{"mine":"1",
      "kubernetes.io/change-cause":"now"}},"spec":{"template":{"metadata":{"labels":{"a":"b"}},
      "spec":{"x":2}}}})");
  const auto set = [](int revision, int x, const char* owner, const char* cause) {
    return json::parse(text::cat(
        R"({"metadata":{"ownerReferences":[{"controller":true,"uid":")", owner,
        R"("}],"annotations":{"deployment.kubernetes.io/revision":")", revision,
        R"(","kubernetes.io/change-cause":")", cause,
        R"("}},"spec":{"template":{"metadata":{"labels":{"a":"b","pod-template-hash":"h"}},"spec":{"x":)",
        x, "}}}}"));
  };
  const json::array sets{set(10, 2, "u", "two"), set(9, 1, "u", "one"), set(3, 7, "other", "")};
  const auto known = revisions(sets, deployment);
  ASSERT_EQ(known.size(), 2u);
  EXPECT_EQ(known[0].number, 9);
  EXPECT_EQ(known[1].cause, "two");
  EXPECT_TRUE(same_template(sets[0], deployment));
  EXPECT_FALSE(same_template(sets[1], deployment));
  EXPECT_EQ(revision_to_undo(known, 0)->number, 9);
  EXPECT_EQ(revision_to_undo(known, 10)->number, 10);
  EXPECT_FALSE(revision_to_undo(known, 4));
  EXPECT_EQ(undo_patch(deployment, known[0]),
            R"([{"op":"replace","path":"/spec/template","value":{"metadata":{"labels":{"a":"b"}},)"
            R"("spec":{"x":1}}},{"op":"replace","path":"/metadata/annotations","value":)"
            R"({"mine":"1","kubernetes.io/change-cause":"one"}}])");
}

TEST(Duration, AsGoReadsIt) {
  EXPECT_EQ(parse_duration("1m30s")->count(), 90'000);
  EXPECT_EQ(parse_duration("1.5h")->count(), 5'400'000);
  EXPECT_EQ(parse_duration("300ms")->count(), 300);
  EXPECT_EQ(parse_duration("-1s")->count(), -1000);
  EXPECT_EQ(parse_duration("0")->count(), 0);
  for (const char* text : {"", "5", "s", "1x", "1s2", "99999999999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(ServerErrors, ReadAsKubectlsWithAHint) {
  EXPECT_EQ(
      server_error(404, R"({"kind":"Status","reason":"NotFound","message":"pods \"a\" not found"})",
                   "")
          .message,
      "Error from server (NotFound): pods \"a\" not found");
  const auto bad = server_error(
      422,
      R"({"kind":"Status","reason":"Invalid","message":"m","details":{"kind":"Service","name":"a",
          "causes":[{"field":"spec.x","message":"wrong"},{"field":"spec.x","message":"wrong"},
                    {"field":"spec.y","message":"field is immutable"}]}})",
      "error when creating \"a.yaml\"");
  EXPECT_TRUE(bad.message.starts_with(
      "The Service \"a\" is invalid: \n* spec.x: wrong\n* spec.y: field is immutable\nhint: "))
      << bad.message;
  EXPECT_EQ(server_error(500, "no json", "").message,
            "Error from server: 500 Internal Server Error: no json");
  EXPECT_NE(hint_of("spec.ports[0].nodePort: provided port is already allocated").find("nodePort"),
            std::string::npos);
  EXPECT_EQ(hint_of("something else"), "");
}

TEST(LastApplied, IsTheSameForTheSameManifest) {
  json::object one{{"kind", "A"}, {"apiVersion", "v1"}, {"x", "<&>"}};
  json::object two{{"apiVersion", "v1"}, {"x", "<&>"}, {"kind", "A"}};
  set_last_applied(one);
  set_last_applied(two);
  set_last_applied(two);
  EXPECT_EQ(last_applied(one), last_applied(two));
  EXPECT_EQ(last_applied(one),
            "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"annotations\":{}},"
            "\"x\":\"\\u003c\\u0026\\u003e\"}\n");
}

TEST(LogSources, TheDefaultContainerIsTold) {
  const auto pod = json::parse(R"({"metadata":{"name":"p"},"spec":{
      "initContainers":[{"name":"i"}],"containers":[{"name":"a"},{"name":"b"}]}})");
  const auto one = log_sources(pod, "", false).value();
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].container, "a");
  EXPECT_EQ(one[0].notice, "Defaulted container \"a\" out of: a, b, i (init)");
  EXPECT_EQ(log_sources(pod, "", true)->size(), 3u);
  EXPECT_EQ(log_sources(pod, "i", false)->at(0).container, "i");
  EXPECT_FALSE(log_sources(pod, "nope", false));
}

TEST(Table, CellsAreLinesAndColumnsFollowTheOptions) {
  TablePrinter printer({.with_namespace = true, .show_labels = true, .label_columns = {"x/app"}});
  printer.add(json::parse(R"({"kind":"Table","columnDefinitions":[{"name":"Name"},
      {"name":"Note"},{"name":"Node","priority":1}],"rows":[{"cells":["a","one\ntwo","n"],
      "object":{"metadata":{"namespace":"d","labels":{"x/app":"w"}}}}]})"));
  EXPECT_EQ(printer.text(),
            "NAMESPACE   NAME   NOTE     APP   LABELS\n"
            "d           a      one...   w     x/app=w\n");
}

TEST(Explain, NamesFieldsAndTheirTypes) {
  const auto* pod = schema::find_kind("", "v1", "Pod");
  ASSERT_NE(pod, nullptr);
  const auto text = explain_text(*pod, "spec.containers", false).value();
  EXPECT_TRUE(
      text.starts_with("KIND:       Pod\nVERSION:    v1\n\nFIELD: containers "
                       "<[]Container>\n\n\nDESCRIPTION:\n"))
      << text;
  EXPECT_NE(text.find("  name\t<string> -required-\n"), std::string::npos);
  EXPECT_EQ(explain_text(*pod, "spec.nope", false).error().message,
            "field \"nope\" does not exist");
}

}  // namespace
}  // namespace nodal::nodectl
