// tests/unit/master/registry/managed_test.cc — sets of fields, what documents name, and merging by
// the list types of the schema.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>

#include "base/text.h"
#include "master/registry/managed/entries.h"
#include "master/registry/managed/field_set.h"
#include "master/registry/managed/fields.h"
#include "master/registry/managed/merge.h"

namespace nodal::master::managed {
namespace {

namespace json = boost::json;

json::object parsed(std::string_view text) {
  return json::parse({text.data(), text.size()}).as_object();
}
FieldSet set_of(std::string_view text) { return parse_field_set(parsed(text)).value(); }

const schema::Type& type_of(std::string_view group, std::string_view plural) {
  return *schema::find_resource(group, "v1", plural)->type;
}
const schema::Type& deployments() { return type_of("apps", "deployments"); }
const schema::Type& pods() { return type_of("", "pods"); }
const schema::Type& maps() { return type_of("", "configmaps"); }
const schema::Type& services() { return type_of("", "services"); }

// ---------------------------------------------------------------- sets

TEST(ManagedFieldSet, ReadsWhatClientsSendAndMakesItCanonical) {
  const struct {
    const char *given, *want;
  } cases[] = {
      {R"({"f:spec":{"f:replicas":{}}})", R"({"f:spec":{"f:replicas":{}}})"},
      {R"({"f:spec":{".":{}}})", R"({"f:spec":{}})"},
      {R"({".":{},"f:a":{}})", R"({"f:a":{}})"},
      {R"({"f:a":{".":{},"f:b":{}}})", R"({"f:a":{"f:b":{},".":{}}})"},
      {R"({"k:{\"protocol\":\"TCP\", \"port\" :80}":{}})",
       R"({"k:{\"port\":80,\"protocol\":\"TCP\"}":{}})"},
      {R"({"v: \"x\" ":{}})", R"({"v:\"x\"":{}})"},
      {R"({"k:{\"a\": 1}":{"f:x":{}},"k:{\"a\":1}":{"f:y":{}}})",
       R"({"k:{\"a\":1}":{"f:x":{},"f:y":{}}})"},
      {R"({"i:3":{}})", R"({"i:3":{}})"},
  };
  for (const auto& c : cases) EXPECT_EQ(set_of(c.given), parsed(c.want)) << c.given;
}

TEST(ManagedFieldSet, RefusesWhatIsNone) {
  for (const char* bad :
       {R"({"spec":{}})", R"({"f:a":1})", R"({"k:name":{}})", R"({"k:{\"a\":{}}":{}})",
        R"({"v:{}":{}})", R"({"i:x":{}})", R"({"":{}})", R"({"f":{}})", R"({"f:a":{"x:y":{}}})"})
    EXPECT_FALSE(parse_field_set(parsed(bad))) << bad;
  EXPECT_FALSE(parse_field_set(json::value("f:a")));
  json::value value = json::object();
  for (int i = 0; i < 63; ++i) value = json::object{{"f:a", value}};
  EXPECT_TRUE(parse_field_set(value));
  value = json::object{{"f:a", value}};
  EXPECT_FALSE(parse_field_set(value)) << "too deep";
  json::object many;
  for (int i = 0; i < 20'001; ++i) many[text::cat("f:", i)].emplace_object();
  EXPECT_FALSE(parse_field_set(many)) << "too many";
}

TEST(ManagedFieldSet, AddsSubtractsAndIntersects) {
  FieldSet a = set_of(R"({"f:a":{},"f:b":{"f:c":{},"f:d":{}},"f:e":{".":{},"f:g":{}}})");
  const FieldSet b = set_of(R"({"f:a":{"f:x":{}},"f:b":{"f:c":{}},"f:e":{},"f:z":{}})");
  EXPECT_EQ(common(a, b), set_of(R"({"f:b":{"f:c":{}},"f:e":{}})"));
  FieldSet less = a;
  subtract(less, b);
  EXPECT_EQ(less, set_of(R"({"f:a":{},"f:b":{"f:d":{}},"f:e":{"f:g":{}}})"));
  add(a, b);
  EXPECT_EQ(a, set_of(R"({"f:a":{".":{},"f:x":{}},"f:b":{"f:c":{},"f:d":{}},
                          "f:e":{".":{},"f:g":{}},"f:z":{}})"));
}

// Property: for any two sets, (a − b) ∪ (a ∩ b) = a, (a − b) ∩ b = ∅, a ∪ b holds both.
TEST(ManagedFieldSet, KeepsTheLawsOfSets) {
  std::mt19937 random(7);
  const auto any = [&](auto& self, int depth) -> FieldSet {
    FieldSet out;
    for (int i = 0; i < 4; ++i) {
      if (random() % 3 == 0) continue;
      put(out, text::cat("f:", i), depth > 0 ? self(self, depth - 1) : FieldSet(),
          random() % 2 == 0);
    }
    return out;
  };
  for (int round = 0; round < 500; ++round) {
    const FieldSet a = any(any, 3), b = any(any, 3);
    ASSERT_EQ(parse_field_set(a).value(), a) << "canonical";
    FieldSet rest = a;
    subtract(rest, b);
    const FieldSet both = common(a, b);
    EXPECT_TRUE(common(rest, b).empty());
    add(rest, both);
    ASSERT_EQ(rest, a) << json::serialize(a) << " and " << json::serialize(b);
    FieldSet all = a;
    add(all, b);
    EXPECT_EQ(common(all, a), a);
    EXPECT_EQ(common(all, b), b);
    FieldSet none = a;
    subtract(none, a);
    EXPECT_TRUE(none.empty());
  }
}

TEST(ManagedFieldSet, SaysPathsAsPeopleReadThem) {
  const auto set = set_of(R"({"f:spec":{"f:template":{"f:spec":{"f:containers":{
      "k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:ports":{
        "k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}}}}},"f:replicas":{}},
      "f:metadata":{"f:finalizers":{"v:\"a/b\"":{}},"f:labels":{"f:app":{}}}})");
  const std::vector<std::string> want = {
      ".metadata.finalizers[=\"a/b\"]",
      ".metadata.labels.app",
      ".spec.replicas",
      ".spec.template.spec.containers[name=\"web\"]",
      ".spec.template.spec.containers[name=\"web\"].image",
      ".spec.template.spec.containers[name=\"web\"].ports[containerPort=80,protocol=\"TCP\"]"};
  EXPECT_EQ(paths(set), want);
}

// ---------------------------------------------------------------- documents

TEST(ManagedFields, AnAppliedDocumentNamesItsLeavesAndItems) {
  const auto object = parsed(R"({"apiVersion":"apps/v1","kind":"Deployment",
    "metadata":{"name":"web","namespace":"default","labels":{"app":"web"},"finalizers":["x/y"]},
    "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"strategy":{},
      "template":{"spec":{"nodeSelector":{"a":"b"},"containers":[{"name":"web","image":"web:1",
        "command":["sh","-c"],"ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1"}}}],
        "imagePullSecrets":[{"name":"s"}]}}}})");
  EXPECT_EQ(fields_of(object, deployments()).value(), set_of(R"({
    "f:metadata":{"f:labels":{"f:app":{}},"f:finalizers":{"v:\"x/y\"":{}}},
    "f:spec":{"f:replicas":{},"f:selector":{},"f:strategy":{},"f:template":{"f:spec":{
      "f:nodeSelector":{},"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:name":{},"f:image":{},
        "f:command":{},"f:resources":{"f:limits":{"f:cpu":{}}},
        "f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}},
      "f:imagePullSecrets":{"k:{\"name\":\"s\"}":{}}}}}})"));
}

TEST(ManagedFields, ListsOfItemsNeedTheirKeysOnce) {
  const auto error_of = [](std::string_view spec) {
    return fields_of(parsed(text::cat(R"({"spec":)", spec, "}")), pods()).error().message;
  };
  EXPECT_EQ(error_of(R"({"containers":[{"name":"a"},{"image":"x"}]})"),
            ".spec.containers: element 1: associative list with keys has an element that omits "
            "key field \"name\" (and doesn't have default value)");
  EXPECT_EQ(error_of(R"({"containers":[{"name":"a"},{"name":"a"}]})"),
            ".spec.containers: duplicate entries for key [name=\"a\"]");
  EXPECT_EQ(error_of(R"({"containers":[{"name":"a","ports":[{"containerPort":80},
              {"containerPort":80,"protocol":"TCP"}]}]})"),
            ".spec.containers.ports: duplicate entries for key "
            "[containerPort=80,protocol=\"TCP\"]");
}

TEST(ManagedFields, ANewObjectIsNamedAsTheApiNamesIt) {
  const auto object = parsed(R"({"kind":"Deployment","metadata":{"name":"d","uid":"u",
    "creationTimestamp":"2026-11-23T07:18:24Z","generation":1,"labels":{"app":"d"}},
    "spec":{"replicas":1,"selector":{"matchLabels":{"app":"d"}},
     "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%"}},
     "template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"d","image":"i",
       "resources":{},"ports":[{"containerPort":80,"protocol":"TCP"}]}],"securityContext":{}}}}})");
  EXPECT_EQ(difference({}, object, deployments()).changed, set_of(R"({
    "f:metadata":{"f:labels":{".":{},"f:app":{}}},
    "f:spec":{"f:replicas":{},"f:selector":{},
      "f:strategy":{"f:type":{},"f:rollingUpdate":{".":{},"f:maxSurge":{}}},
      "f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{
        "f:securityContext":{},"f:containers":{"k:{\"name\":\"d\"}":{".":{},"f:name":{},
          "f:image":{},"f:resources":{},"f:ports":{".":{},
            "k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},
              "f:protocol":{}}}}}}}}})"));
}

TEST(ManagedFields, TellsWhatAWriteDid) {
  const auto before = parsed(R"({"metadata":{"name":"a","resourceVersion":"1"},
    "data":{"a":"1","b":"2","c":"3"}})");
  const auto after = parsed(R"({"metadata":{"name":"a","resourceVersion":"2","labels":{"x":"y"}},
    "data":{"a":"1","b":"9","d":"4"}})");
  const auto done = difference(before, after, maps());
  EXPECT_EQ(done.changed, set_of(R"({"f:metadata":{"f:labels":{".":{},"f:x":{}}},
                                     "f:data":{"f:b":{},"f:d":{}}})"));
  EXPECT_EQ(done.removed, set_of(R"({"f:data":{"f:c":{}}})"));
  const auto nothing = difference(before, before, maps());
  EXPECT_TRUE(nothing.changed.empty() && nothing.removed.empty());
  const auto back = difference(after, before, maps());
  EXPECT_EQ(back.removed, set_of(R"({"f:metadata":{"f:labels":{".":{},"f:x":{}}},
                                     "f:data":{"f:d":{}}})"));
}

TEST(ManagedFields, ItemsAreToldApartByTheirKeysNotTheirPlace) {
  const auto before = parsed(R"({"spec":{"containers":[{"name":"a","image":"1"},
                                                       {"name":"b","image":"1"}]}})");
  const auto after = parsed(R"({"spec":{"containers":[{"name":"c","image":"1"},
                                                      {"name":"a","image":"2"}]}})");
  const auto done = difference(before, after, pods());
  EXPECT_EQ(done.changed, set_of(R"({"f:spec":{"f:containers":{
      "k:{\"name\":\"c\"}":{".":{},"f:name":{},"f:image":{}},"k:{\"name\":\"a\"}":{"f:image":{}}}}})"));
  EXPECT_EQ(done.removed, set_of(R"({"f:spec":{"f:containers":{
      "k:{\"name\":\"b\"}":{".":{},"f:name":{},"f:image":{}}}}})"));
}

TEST(ManagedFields, StoredListsMayHoldDuplicatesAndItemsWithoutKeys) {
  const auto odd = parsed(R"({"status":{"podIPs":[{"ip":"a"},{"ip":"a"},{}],"conditions":[{}]}})");
  const auto done = difference({}, odd, pods());
  EXPECT_EQ(done.changed, set_of(R"({"f:status":{"f:podIPs":{".":{},"k:{\"ip\":\"a\"}":{".":{},
      "f:ip":{}},"k:{}":{}},"f:conditions":{".":{},"k:{}":{}}}})"));
}

// ---------------------------------------------------------------- merging

TEST(ManagedMerge, FollowsTheListTypes) {
  const struct {
    const char *what, *live, *applied, *want;
  } cases[] = {
      {"keys of a map", R"({"data":{"a":"1","b":"2"}})", R"({"data":{"b":"3","c":"4"}})",
       R"({"data":{"a":"1","b":"3","c":"4"}})"},
      {"a set is a union", R"({"metadata":{"finalizers":["a","b"]}})",
       R"({"metadata":{"finalizers":["b","c"]}})", R"({"metadata":{"finalizers":["a","b","c"]}})"},
      {"a document without a member leaves it", R"({"data":{"a":"1"}})", R"({})",
       R"({"data":{"a":"1"}})"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(merge(parsed(c.live), parsed(c.applied), maps()), parsed(c.want)) << c.what;
  EXPECT_EQ(merge(parsed(R"({"spec":{"selector":{"a":"b"},"ports":[{"port":80,"nodePort":30080,
                           "protocol":"TCP"},{"port":80,"protocol":"UDP"}]}})"),
                  parsed(R"({"spec":{"selector":{"c":"d"},"ports":[{"port":80,"name":"http"}]}})"),
                  services()),
            parsed(R"({"spec":{"selector":{"c":"d"},"ports":[{"port":80,"nodePort":30080,
                     "protocol":"TCP","name":"http"},{"port":80,"protocol":"UDP"}]}})"));
  EXPECT_EQ(merge(parsed(R"({"spec":{"containers":[{"name":"a","command":["x","y"]}]}})"),
                  parsed(R"({"spec":{"containers":[{"name":"a","command":["z"]}]}})"), pods()),
            parsed(R"({"spec":{"containers":[{"name":"a","command":["z"]}]}})"));
}

TEST(ManagedMerge, TheAppliedOrderWins) {
  const struct {
    std::vector<const char*> live, applied, want;
  } cases[] = {
      {{"a", "b"}, {"b", "a"}, {"b", "a"}},
      {{"a", "x", "b"}, {"b", "a"}, {"b", "a", "x"}},
      {{"x", "a"}, {"a", "b"}, {"x", "a", "b"}},
      {{"a", "x", "b"}, {"a", "c", "b"}, {"a", "x", "c", "b"}},
      {{}, {"a"}, {"a"}},
      {{"x"}, {}, {"x"}},
  };
  const auto list = [](const std::vector<const char*>& names) {
    json::array out;
    for (const auto* name : names) out.push_back(json::object{{"name", name}});
    return json::object{{"spec", json::object{{"containers", std::move(out)}}}};
  };
  for (const auto& c : cases) EXPECT_EQ(merge(list(c.live), list(c.applied), pods()), list(c.want));
}

TEST(ManagedMerge, WhatNobodyWantsAnyMoreGoes) {
  const struct {
    const char *what, *last, *owned, *want;
  } cases[] = {
      {"nobody else", R"({"f:data":{"f:a":{},"f:b":{}}})", R"({"f:data":{"f:b":{}}})",
       R"({"f:data":{"f:a":{}}})"},
      {"the object around goes with its last field", R"({"f:data":{"f:a":{}}})", R"({})",
       R"({"f:data":{}})"},
      {"metadata stays", R"({"f:metadata":{"f:labels":{"f:a":{}}}})", R"({})",
       R"({"f:metadata":{"f:labels":{}}})"},
      {"an owned key keeps its map", R"({"f:data":{"f:a":{}}})", R"({"f:data":{"f:z":{}}})",
       R"({"f:data":{"f:a":{}}})"},
      {"nothing", R"({"f:data":{"f:a":{}}})", R"({"f:data":{"f:a":{}}})", R"({})"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(doomed(set_of(c.last), set_of(c.owned), maps()), set_of(c.want)) << c.what;
  // An item goes with what nobody owns of it; where somebody owns a part but not the item, too.
  const auto item = set_of(R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},
                               "f:name":{}}},"f:restartPolicy":{}}})");
  const auto part = set_of(R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{"f:image":{}}},
                               "f:restartPolicy":{}}})");
  EXPECT_EQ(doomed(item, part, pods()),
            set_of(R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{}}}})"));
}

TEST(ManagedMerge, RemovesLeavesAndWhatTheyLeaveEmpty) {
  auto pod = parsed(R"({"metadata":{"name":"p","labels":{"a":"b"},"finalizers":["x","y"]},
    "spec":{"containers":[{"name":"a","env":[{"name":"E"}]},{"name":"b"}],"hostNetwork":true}})");
  remove(pod, set_of(R"({"f:metadata":{"f:labels":{"f:a":{}},"f:finalizers":{"v:\"x\"":{}}},
    "f:spec":{"f:hostNetwork":{},"f:containers":{"k:{\"name\":\"b\"}":{},
      "k:{\"name\":\"a\"}":{"f:env":{"k:{\"name\":\"E\"}":{}}}}}})"),
         pods());
  EXPECT_EQ(pod, parsed(R"({"metadata":{"name":"p","finalizers":["y"]},
                            "spec":{"containers":[{"name":"a"}]}})"));
}

// ---------------------------------------------------------------- entries

TEST(ManagedEntries, SaysWhatIsWrongWithWhatIsSent) {
  const auto sent = [](std::string_view list) {
    return sent_entries(parsed(text::cat(R"({"metadata":{"managedFields":)", list, "}}")));
  };
  EXPECT_FALSE(sent("[]").value().has_value()) << "an empty list says nothing";
  EXPECT_TRUE(sent("[{}]").value().value().empty()) << "an empty entry takes all owners away";
  EXPECT_FALSE(sent_entries(parsed(R"({"metadata":{}})")).value().has_value());
  EXPECT_EQ(sent(R"([{"manager":"m","operation":"Apply","apiVersion":"v1",
                      "time":"2026-11-23T09:00:00+02:00","fieldsType":"FieldsV1",
                      "fieldsV1":{"f:data":{"f:a":{}}}}])")
                .value()
                .value()
                .front()
                .time,
            "2026-11-23T07:00:00Z");
  for (const char* bad : {"{}", "[1]", R"([{"manager":"m"}])", R"([{"operation":"Apply"}])",
                          R"([{"operation":"Patch","apiVersion":"v1"}])",
                          R"([{"operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV2"}])",
                          R"([{"operation":"Apply","apiVersion":"v1","time":"now"}])",
                          R"([{"operation":"Apply","apiVersion":"v1","fieldsV1":{"x":{}}}])"})
    EXPECT_FALSE(sent(bad)) << bad;
}

TEST(ManagedEntries, AppliersStandFirstAndOldUpdatersShareOne) {
  json::object object{{"metadata", json::object()}};
  Entries entries;
  for (int i = 20; i > 0; --i) {
    Entry entry;
    entry.manager = text::cat("m", i);
    entry.api_version = "v1";
    entry.time = text::cat("2026-11-23T07:00:", i < 10 ? "0" : "", i, "Z");
    entry.fields = set_of(text::cat(R"({"f:data":{"f:)", i, "\":{}}}"));
    entries.push_back(entry);
  }
  entries.front().applied = true;
  entries.push_back({"gone", false, "v1", "", "", {}});
  write_entries(object, entries);
  const auto kept = stored_entries(object);
  ASSERT_EQ(kept.size(), 11u);
  EXPECT_EQ(kept[0].manager, "m20");
  EXPECT_EQ(kept[1].manager, "ancient-changes");
  EXPECT_EQ(kept[1].fields.at("f:data").as_object().size(), 10u);
  EXPECT_EQ(kept[2].manager, "m11");
  EXPECT_EQ(kept[10].manager, "m19");
  write_entries(object, {});
  EXPECT_FALSE(object["metadata"].as_object().contains("managedFields"));
}

}  // namespace
}  // namespace nodal::master::managed
