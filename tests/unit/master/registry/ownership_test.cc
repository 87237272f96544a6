// tests/unit/master/registry/ownership_test.cc — who owns what after each kind of write.
#include "master/registry/managed/ownership.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "master/registry/managed/entries.h"

namespace nodal::master::managed {
namespace {

namespace json = boost::json;

json::object parsed(std::string_view text) {
  return json::parse({text.data(), text.size()}).as_object();
}

// A ConfigMap or Deployment over time, one write a second.
class Ownership : public testing::Test {
 protected:
  const schema::Resource& maps = *schema::find_resource("", "v1", "configmaps");
  const schema::Resource& deployments = *schema::find_resource("apps", "v1", "deployments");
  const schema::Resource* resource = &maps;
  json::object live;
  int second = 0;

  Writer by(std::string_view manager, std::string_view subresource = "") {
    const auto at = ++second;
    return {std::string(manager), std::string(subresource),
            text::cat("2026-11-23T07:00:", at < 10 ? "0" : "", at, "Z")};
  }
  void create(std::string_view manager, std::string_view text) {
    live = parsed(text);
    ASSERT_TRUE(own_new(*resource, live, by(manager)));
  }
  void create_applied(std::string_view manager, std::string_view text) {
    live = parsed(text);
    ASSERT_TRUE(own_applied(*resource, live, parsed(text), by(manager)));
  }
  void update(std::string_view manager, std::string_view text, std::string_view subresource = "") {
    json::object after = parsed(text);
    ASSERT_TRUE(own_changed(*resource, live, after, by(manager, subresource)));
    live = std::move(after);
  }
  // "" or why not.
  std::string put(std::string_view manager, std::string_view text, bool force = false) {
    auto after = apply(*resource, live, parsed(text), by(manager), force);
    if (!after) {
      error = after.error();
      return after.error().message;
    }
    keep_times(live, *after);
    live = std::move(*after);
    return "";
  }
  // "kubectl Update 2: .data.a .data.b | …": manager, operation, second, paths.
  std::string owners() {
    std::string out;
    for (const Entry& entry : stored_entries(live)) {
      out +=
          text::cat(out.empty() ? "" : " | ", entry.manager, entry.subresource.empty() ? "" : "/",
                    entry.subresource, entry.applied ? " Apply " : " Update ", entry.time[18], ":");
      for (const auto& path : paths(entry.fields)) out += " " + path;
    }
    return out;
  }
  std::string data() {
    return live.contains("data") ? json::serialize(live.at("data")) : "nothing";
  }

  ApiError error;
};

TEST_F(Ownership, WritesTakeWhatTheyChange) {
  create("a", R"({"data":{"x":"1","y":"1"}})");
  EXPECT_EQ(owners(), "a Update 1: .data .data.x .data.y");
  update("b", R"({"data":{"x":"2","y":"1"}})");
  EXPECT_EQ(owners(), "a Update 1: .data .data.y | b Update 2: .data.x");
  update("b", R"({"data":{"x":"2"}})");
  EXPECT_EQ(owners(), "a Update 1: .data | b Update 2: .data.x") << "what others take is no news";
  update("c", R"({"data":{"x":"2"}})");
  EXPECT_EQ(owners(), "a Update 1: .data | b Update 2: .data.x") << "nothing done, nothing owned";
  update("c", R"({"metadata":{"labels":{"l":"1"}}})");
  EXPECT_EQ(owners(), "c Update 5: .metadata.labels .metadata.labels.l");
  update("c", R"({"metadata":{"labels":{}}})");
  EXPECT_EQ(owners(), "c Update 6: .metadata.labels") << "what one takes away oneself is";
}

TEST_F(Ownership, OneManagerHasAnEntryForEachSubresource) {
  resource = &deployments;
  create("kubectl", R"({"spec":{"replicas":1,"paused":false}})");
  update("kubectl", R"({"spec":{"replicas":2,"paused":false}})", "scale");
  update("controller", R"({"spec":{"replicas":2,"paused":false},"status":{"replicas":2}})",
         "status");
  EXPECT_EQ(owners(),
            "kubectl Update 1: .spec.paused | kubectl/scale Update 2: .spec.replicas | "
            "controller/status Update 3: .status.replicas");
}

TEST_F(Ownership, AppliersConflictWithWhoeverChangesTheirFields) {
  create("kubectl-create", R"({"data":{"x":"1","y":"1"}})");
  EXPECT_EQ(put("me", R"({"data":{"x":"1","z":"1"}})"), "") << "an equal value is shared";
  EXPECT_EQ(owners(),
            "me Apply 2: .data.x .data.z | kubectl-create Update 1: .data .data.x .data.y");
  EXPECT_EQ(put("you", R"({"data":{"x":"2"}})"),
            "Apply failed with 2 conflicts: conflicts with \"kubectl-create\" using v1:\n"
            "- .data.x\nconflicts with \"me\":\n- .data.x");
  EXPECT_EQ(put("you", R"({"data":{"y":"2"}})"),
            "Apply failed with 1 conflict: conflict with \"kubectl-create\" using v1: .data.y");
  EXPECT_EQ(error.code, 409);
  EXPECT_EQ(error.reason, "Conflict");
  ASSERT_EQ(error.causes.size(), 1u);
  EXPECT_EQ(error.causes[0].reason, "FieldManagerConflict");
  EXPECT_EQ(error.causes[0].field, ".data.y");
  EXPECT_EQ(error.causes[0].message, "conflict with \"kubectl-create\" using v1");
  EXPECT_EQ(put("you", R"({"data":{"x":"2"}})", true), "");
  EXPECT_EQ(owners(),
            "me Apply 2: .data.z | you Apply 5: .data.x | "
            "kubectl-create Update 1: .data .data.y");
  EXPECT_EQ(data(), R"({"x":"2","y":"1","z":"1"})");
}

TEST_F(Ownership, TheOwnerOfASubresourceIsNamed) {
  resource = &deployments;
  create_applied("kubectl", R"({"spec":{"replicas":1}})");
  update("kubectl", R"({"spec":{"replicas":3}})", "scale");
  EXPECT_EQ(put("kubectl", R"({"spec":{"replicas":1}})"),
            "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" "
            "using apps/v1: .spec.replicas");
}

TEST_F(Ownership, WhatAnApplyNoLongerNamesGoesUnlessOthersOwnIt) {
  create_applied("a", R"({"data":{"x":"1","y":"1","z":"1"}})");
  EXPECT_EQ(put("b", R"({"data":{"y":"1"}})"), "");
  update("c", R"({"data":{"x":"1","y":"1","z":"2"},"metadata":{"managedFields":null}})");
  EXPECT_EQ(put("a", R"({"metadata":{"labels":{"l":"1"}}})"), "");
  EXPECT_EQ(data(), R"({"y":"1","z":"2"})") << "y is b's, z is c's since it changed it";
  EXPECT_EQ(put("b", R"({})"), "");
  EXPECT_EQ(data(), R"({"z":"2"})");
  EXPECT_EQ(owners(), "a Apply 4: .metadata.labels.l | c Update 3: .data.z");
}

TEST_F(Ownership, AnApplyThatChangesNothingIsNoWrite) {
  create_applied("a", R"({"data":{"x":"1"}})");
  const auto before = live;
  EXPECT_EQ(put("a", R"({"data":{"x":"1"}})"), "");
  EXPECT_EQ(live, before);
  EXPECT_EQ(put("b", R"({"data":{"x":"1"}})"), "");
  EXPECT_NE(live, before) << "a new owner is a change";
  const auto both = live;
  EXPECT_EQ(put("a", R"({"data":{"x":"1"}})"), "");
  EXPECT_EQ(live, both) << "though its time would put it behind b";
}

TEST_F(Ownership, ObjectsWithoutOwnersGetThemWithTheFirstApply) {
  live = parsed(R"({"data":{"x":"1","y":"1"}})");
  update("a", R"({"data":{"x":"2","y":"1"}})");
  EXPECT_EQ(owners(), "");
  EXPECT_EQ(put("me", R"({"data":{"x":"3"}})"),
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.x");
  EXPECT_EQ(put("me", R"({"data":{"x":"2"}})"), "");
  EXPECT_EQ(owners(), "me Apply 3: .data.x | before-first-apply Update 3: .data .data.x .data.y");
}

TEST_F(Ownership, ClientsMaySetAndResetOwners) {
  create("a", R"({"data":{"x":"1"}})");
  update("b", R"({"data":{"x":"1"},"metadata":{"managedFields":[]}})");
  EXPECT_EQ(owners(), "a Update 1: .data .data.x") << "an empty list says nothing";
  update("b", R"({"data":{"x":"1"},"metadata":{"managedFields":[{"manager":"m",
    "operation":"Apply","apiVersion":"v1","time":"2026-11-23T07:00:09Z",
    "fieldsV1":{"f:data":{"f:x":{}},"f:metadata":{"f:name":{}}}}]}})");
  EXPECT_EQ(owners(), "m Apply 9: .data.x") << "nobody owns a name";
  update("b", R"({"data":{"x":"2"},"metadata":{"managedFields":[{}]}})", "status");
  EXPECT_EQ(owners(), "b/status Update 4: .data.x") << "not through a subresource";
  update("b", R"({"data":{"x":"2"},"metadata":{"managedFields":[{}]}})");
  EXPECT_EQ(owners(), "");
  json::object bad = parsed(R"({"metadata":{"name":"n","managedFields":[{"manager":"m"}]}})");
  const auto refused = own_changed(maps, live, bad, by("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 422);
  EXPECT_EQ(refused.error().causes.front().field, "metadata.managedFields");
}

// kubectl 1.20 --server-side on what `kubectl apply` made; later versions migrate the owners.
TEST_F(Ownership, KubectlTakesOverWhatItsClientSideApplyWrote) {
  create("kubectl-client-side-apply",
         R"({"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":
         "{\"kind\":\"ConfigMap\",\"data\":{\"x\":\"1\",\"y\":\"1\"}}"}},
         "data":{"x":"1","y":"1"}})");
  EXPECT_NE(put("other", R"({"data":{"x":"2"}})"), "") << "only for kubectl itself";
  EXPECT_EQ(put("kubectl", R"({"data":{"x":"2","y":"1"}})"), "");
  EXPECT_EQ(data(), R"({"x":"2","y":"1"})");
  EXPECT_EQ(std::string(live.at("metadata")
                            .at("annotations")
                            .at("kubectl.kubernetes.io/last-applied-configuration")
                            .as_string()),
            "{\"data\":{\"x\":\"2\",\"y\":\"1\"}}\n")
      << "the annotation follows";
  update("kubectl-edit", R"({"metadata":{"annotations":{
         "kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"y\":\"1\"}}"}},
         "data":{"x":"2","y":"3"}})");
  EXPECT_EQ(put("kubectl", R"({"data":{"x":"2","y":"4"}})"),
            "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using v1: .data.y")
      << "somebody changed it since";
}

TEST_F(Ownership, ListsAreOwnedItemByItem) {
  resource = &deployments;
  create_applied("app", R"({"spec":{"template":{"spec":{"containers":[
    {"name":"web","image":"web:1","env":[{"name":"A","value":"1"},{"name":"B","value":"1"}]}]}}}})");
  EXPECT_EQ(put("mesh", R"({"spec":{"template":{"spec":{"containers":[
    {"name":"proxy","image":"proxy:1"},{"name":"web","env":[{"name":"C","value":"1"}]}]}}}})"),
            "");
  EXPECT_EQ(put("app", R"({"spec":{"template":{"spec":{"containers":[
    {"name":"web","image":"web:2","env":[{"name":"B","value":"2"}]}]}}}})"),
            "");
  EXPECT_EQ(live.at("spec").at("template").at("spec").at("containers"),
            json::parse(R"([{"name":"proxy","image":"proxy:1"},
    {"name":"web","image":"web:2","env":[{"name":"B","value":"2"},{"name":"C","value":"1"}]}])"));
}

TEST_F(Ownership, ListsWithoutTheirKeysAreRefused) {
  resource = &deployments;
  create("a", R"({"spec":{"replicas":1}})");
  EXPECT_EQ(put("me", R"({"metadata":{"name":"d","namespace":"default"},"spec":{"template":{"spec":{
                          "containers":[{"image":"x"}]}}}})"),
            "failed to create typed patch object (default/d; apps/v1, Kind=Deployment): "
            ".spec.template.spec.containers: element 0: associative list with keys has an element "
            "that omits key field \"name\" (and doesn't have default value)");
  EXPECT_EQ(error.code, 400);
}

}  // namespace
}  // namespace nodal::master::managed
