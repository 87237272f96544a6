// tests/unit/master/object_store_test.cc — identity, generations, conflicts and deletion of API
// objects.
#include "master/registry/object_store.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "master/store/memory_kv.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return at; }
  TimePoint at = TimePoint(std::chrono::seconds(1'800'000'000));
};

class ObjectStoreTest : public testing::Test {
 protected:
  MemoryKv kv;
  FixedClock clock;
  ObjectStore objects{kv, clock};
  const schema::Resource& pods = *schema::find_resource("", "v1", "pods");
  const schema::Resource& maps = *schema::find_resource("", "v1", "configmaps");
  const schema::Resource& deployments = *schema::find_resource("apps", "v1", "deployments");
  const schema::Resource& namespaces = *schema::find_resource("", "v1", "namespaces");

  Written make(const schema::Resource& resource, std::string_view text) {
    json::object object = parse_object(text);
    objects.stamp_new(resource, object);
    auto written = objects.create(resource, object, false);
    EXPECT_TRUE(written) << (written ? "" : written.error().message);
    return written.value_or(Written{});
  }
  json::object at(const schema::Resource& resource, std::string_view name) {
    const auto entry = objects.get(resource, "default", name);
    return entry ? parse_object(*entry->value) : json::object();
  }
  Answer<Written> set(const schema::Resource& resource, std::string_view name,
                      std::string_view patch) {
    return objects.update_with(
        resource, "default", name,
        [&](const json::object& old) -> Answer<json::object> {
          json::object out = old;
          const json::value changes = json::parse({patch.data(), patch.size()});
          for (const auto& [key, value] : changes.as_object()) {
            if (key == "metadata")
              for (const auto& [k, v] : value.as_object()) metadata_of(out)[k] = v;
            else
              out[key] = value;
          }
          return out;
        },
        false);
  }
};

TEST_F(ObjectStoreTest, StoresWhatClientsGet) {
  make(
      maps,
      R"({"data":{"k":"v\u00e4\n"},"metadata":{"labels":{"a":"b"},"name":"m","namespace":"default","resourceVersion":"99"}})");
  const auto text = *objects.get(maps, "default", "m")->value;
  EXPECT_TRUE(text.starts_with(
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"m","namespace":"default","uid":")"))
      << text;
  EXPECT_NE(text.find(R"("resourceVersion":"1","labels":{"a":"b"})"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("},\"data\":{\"k\":\"vä\\n\"}}")) << text;
  EXPECT_EQ(at(maps, "m"), parse_object(text));
  EXPECT_FALSE(parse_object(text).at("metadata").as_object().contains("generation"))
      << "no spec, no generation";
}

TEST_F(ObjectStoreTest, ATextThatLooksLikeTheGapIsOnlyText) {
  make(
      maps,
      R"({"metadata":{"name":"m","namespace":"default","annotations":{"resourceVersion":"","x":"\"resourceVersion\":\"\""}}})");
  const auto object = at(maps, "m");
  EXPECT_EQ(string_at(object, "metadata", "resourceVersion"), "1");
  EXPECT_EQ(object.at("metadata").at("annotations").at("resourceVersion"), "");
}

TEST_F(ObjectStoreTest, ASecondCreateIsRefused) {
  make(maps, R"({"metadata":{"name":"m","namespace":"default"}})");
  const auto again = objects.create(
      maps, parse_object(R"({"metadata":{"name":"m","namespace":"default"}})"), false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, 409);
  EXPECT_EQ(again.error().message, "configmaps \"m\" already exists");
  EXPECT_EQ(objects.get(deployments, "default", "d").error().message,
            "deployments.apps \"d\" not found");
}

TEST_F(ObjectStoreTest, OnlyASpecChangeCountsAGeneration) {
  make(deployments, R"({"metadata":{"name":"d","namespace":"default"},"spec":{"replicas":1}})");
  EXPECT_EQ(at(deployments, "d").at("metadata").at("generation"), 1);
  ASSERT_TRUE(set(deployments, "d", R"({"status":{"replicas":1}})"));
  EXPECT_EQ(at(deployments, "d").at("metadata").at("generation"), 1);
  ASSERT_TRUE(set(deployments, "d", R"({"spec":{"replicas":2}})"));
  EXPECT_EQ(at(deployments, "d").at("metadata").at("generation"), 2);
}

TEST_F(ObjectStoreTest, WhatIsGoneIsToldAsItWasStored) {
  std::vector<std::string> told;
  objects.on_removed([&](const schema::Resource&, const json::object& object) {
    told.emplace_back(string_at(object, "data", "k"));
  });
  make(
      maps,
      R"({"metadata":{"name":"m","namespace":"default","finalizers":["a/b"]},"data":{"k":"old"}})");
  ASSERT_TRUE(objects.remove(maps, "default", "m", {}));
  ASSERT_TRUE(set(maps, "m", R"({"metadata":{"finalizers":[]},"data":{"k":"new"}})")->removed);
  EXPECT_EQ(told, (std::vector<std::string>{"old"})) << "what it held is given back, no more";
}

TEST_F(ObjectStoreTest, ABindingCountsNoGeneration) {
  make(pods, R"({"metadata":{"name":"p","namespace":"default"},"spec":{"containers":[]}})");
  ASSERT_TRUE(set(pods, "p", R"({"spec":{"containers":[],"nodeName":"n"}})"));
  EXPECT_EQ(at(pods, "p").at("spec").at("nodeName"), "n");
  EXPECT_EQ(at(pods, "p").at("metadata").at("generation"), 1);
  ASSERT_TRUE(set(pods, "p", R"({"spec":{"containers":[],"nodeName":"n","priority":1}})"));
  EXPECT_EQ(at(pods, "p").at("metadata").at("generation"), 2);
}

TEST_F(ObjectStoreTest, AWriteThatChangesNothingIsNone) {
  make(maps, R"({"metadata":{"name":"m","namespace":"default"},"data":{"a":"1"}})");
  const auto before = kv.revision();
  const auto written = set(maps, "m", R"({"data":{"a":"1"}})");
  ASSERT_TRUE(written);
  EXPECT_FALSE(written->changed);
  EXPECT_EQ(kv.revision(), before);
}

TEST_F(ObjectStoreTest, AnObjectHasALargestSize) {
  const auto map = [](std::string_view name, std::size_t size) {
    return text::cat(R"({"metadata":{"name":")", name, R"(","namespace":"default"},"data":{"k":")",
                     std::string(size, 'x'), "\"}}");
  };
  const auto large = objects.create(maps, parse_object(map("large", 1600u << 10)), false);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, 413);
  EXPECT_EQ(large.error().reason, "RequestEntityTooLarge");
  EXPECT_FALSE(objects.create(maps, parse_object(map("large", 1600u << 10)), true));
  make(maps, map("m", 1000u << 10));
  const std::string more = text::cat(R"({"more":")", std::string(600u << 10, 'y'), "\"}");
  const auto grown = set(maps, "m", more);
  ASSERT_FALSE(grown);
  EXPECT_EQ(grown.error().code, 413);
  // One of before there was a limit can be made smaller, and leave.
  ASSERT_TRUE(kv.put(
      object_key(maps, "default", "old"), [&](Revision) { return map("old", 2000u << 10); },
      Expect::absent()));
  EXPECT_FALSE(set(maps, "old", more));
  EXPECT_TRUE(set(maps, "old", R"({"data":{"k":")" + std::string(1700u << 10, 'x') + "\"}}"));
  EXPECT_TRUE(objects.remove(maps, "default", "old", {}));
}

TEST_F(ObjectStoreTest, AStaleResourceVersionOrAnotherUidIsAConflict) {
  make(maps, R"({"metadata":{"name":"m","namespace":"default"},"data":{"a":"1"}})");
  ASSERT_TRUE(set(maps, "m", R"({"data":{"a":"2"}})"));
  const auto stale = set(maps, "m", R"({"metadata":{"resourceVersion":"1"},"data":{"a":"3"}})");
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().message,
            "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; "
            "please apply your changes to the "
            "latest version and try again");
  EXPECT_EQ(set(maps, "m", R"({"metadata":{"uid":"other"}})").error().code, 409);
}

TEST_F(ObjectStoreTest, AnotherWriterInBetweenIsRetried) {
  make(maps, R"({"metadata":{"name":"m","namespace":"default"},"data":{"a":"1"}})");
  int runs = 0;
  const auto written = objects.update_with(
      maps, "default", "m",
      [&](const json::object& old) -> Answer<json::object> {
        if (++runs == 1) {
          EXPECT_TRUE(set(maps, "m", R"({"data":{"b":"theirs"}})"));
        }
        json::object out = old;
        out["data"].as_object()["c"] = "ours";
        return out;
      },
      false);
  ASSERT_TRUE(written);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(at(maps, "m").at("data"), json::parse(R"({"b":"theirs","c":"ours"})"));
}

TEST_F(ObjectStoreTest, ServerOwnedMetadataCannotBeWritten) {
  make(maps, R"({"metadata":{"name":"m","namespace":"default"}})");
  const auto before = at(maps, "m");
  ASSERT_TRUE(set(
      maps, "m",
      R"({"metadata":{"creationTimestamp":null,"deletionTimestamp":"2020-01-01T00:00:00Z","name":"x","labels":{"a":"b"}}})"));
  const auto after = at(maps, "m");
  EXPECT_EQ(after.at("metadata").at("creationTimestamp"),
            before.at("metadata").at("creationTimestamp"));
  EXPECT_FALSE(after.at("metadata").as_object().contains("deletionTimestamp"));
  EXPECT_EQ(after.at("metadata").at("name"), "m");
}

TEST_F(ObjectStoreTest, DryRunsLeaveNoTrace) {
  json::object object = parse_object(R"({"metadata":{"name":"m","namespace":"default"}})");
  objects.stamp_new(maps, object);
  ASSERT_TRUE(objects.create(maps, object, true));
  EXPECT_EQ(kv.revision(), 0u);
  ASSERT_TRUE(objects.create(maps, object, false));
  DeleteRequest request;
  request.dry_run = true;
  ASSERT_TRUE(objects.remove(maps, "default", "m", request));
  EXPECT_EQ(kv.revision(), 1u);
}

TEST_F(ObjectStoreTest, DeletionWithoutHoldersIsAtOnce) {
  std::string removed;
  objects.on_removed([&](const schema::Resource& r, const json::object& o) {
    removed = text::cat(r.kind, " ", string_at(o, "metadata", "name"));
  });
  make(maps, R"({"metadata":{"name":"m","namespace":"default"}})");
  const auto gone = objects.remove(maps, "default", "m", {});
  ASSERT_TRUE(gone);
  EXPECT_TRUE(gone->removed);
  EXPECT_EQ(removed, "ConfigMap m");
  EXPECT_EQ(objects.remove(maps, "default", "m", {}).error().code, 404);
}

TEST_F(ObjectStoreTest, PreconditionsGuardADeletion) {
  make(maps, R"({"metadata":{"name":"m","namespace":"default"}})");
  DeleteRequest request;
  request.uid = "other";
  const auto refused = objects.remove(maps, "default", "m", request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 409);
  request.uid = {};
  request.resource_version = "77";
  EXPECT_FALSE(objects.remove(maps, "default", "m", request));
}

TEST_F(ObjectStoreTest, ARunningPodLeavesInTwoSteps) {
  make(
      pods,
      R"({"metadata":{"name":"p","namespace":"default"},"spec":{"nodeName":"n1","terminationGracePeriodSeconds":20},"status":{"phase":"Running"}})");
  const auto first = objects.remove(pods, "default", "p", {});
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->removed);
  EXPECT_EQ(at(pods, "p").at("metadata").at("deletionTimestamp"), "2027-01-15T08:00:20Z");
  EXPECT_EQ(at(pods, "p").at("metadata").at("deletionGracePeriodSeconds"), 20);
  const auto revision = kv.revision();
  ASSERT_TRUE(objects.remove(pods, "default", "p", {}));
  EXPECT_EQ(kv.revision(), revision) << "a second delete changes nothing";
  DeleteRequest longer;
  longer.grace_period_seconds = 60;
  ASSERT_TRUE(objects.remove(pods, "default", "p", longer));
  EXPECT_EQ(kv.revision(), revision) << "grace is only ever shortened";
  DeleteRequest shorter;
  shorter.grace_period_seconds = 5;
  ASSERT_TRUE(objects.remove(pods, "default", "p", shorter));
  EXPECT_EQ(at(pods, "p").at("metadata").at("deletionTimestamp"), "2027-01-15T08:00:05Z");
  ASSERT_TRUE(set(pods, "p", R"({"status":{"phase":"Running","message":"x"}})"));
  EXPECT_FALSE(at(pods, "p").empty()) << "a status write does not end the grace";
  DeleteRequest now;
  now.grace_period_seconds = 0;
  EXPECT_TRUE(objects.remove(pods, "default", "p", now)->removed);
}

TEST_F(ObjectStoreTest, APodThatRunsNowhereLeavesAtOnce) {
  make(pods, R"({"metadata":{"name":"p","namespace":"default"},"spec":{}})");
  EXPECT_TRUE(objects.remove(pods, "default", "p", {})->removed);
  make(
      pods,
      R"({"metadata":{"name":"q","namespace":"default"},"spec":{"nodeName":"n"},"status":{"phase":"Succeeded"}})");
  EXPECT_TRUE(objects.remove(pods, "default", "q", {})->removed);
}

TEST_F(ObjectStoreTest, FinalizersHoldAnObjectUntilTheLastIsGone) {
  make(deployments,
       R"({"metadata":{"name":"d","namespace":"default","finalizers":["a/b","c/d"]},"spec":{}})");
  EXPECT_FALSE(objects.remove(deployments, "default", "d", {})->removed);
  EXPECT_EQ(at(deployments, "d").at("metadata").at("generation"), 2);
  const auto added = set(deployments, "d", R"({"metadata":{"finalizers":["a/b","c/d","e/f"]}})");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message,
            "Deployment.apps \"d\" is invalid: metadata.finalizers: Forbidden: no new finalizers "
            "can be added if the object is being "
            "deleted, found new finalizers []string{\"e/f\"}");
  EXPECT_FALSE(set(deployments, "d", R"({"metadata":{"finalizers":["c/d"]}})")->removed);
  EXPECT_TRUE(set(deployments, "d", R"({"metadata":{"finalizers":[]}})")->removed);
  EXPECT_TRUE(at(deployments, "d").empty());
}

TEST_F(ObjectStoreTest, PropagationBecomesAFinalizer) {
  make(deployments, R"({"metadata":{"name":"d","namespace":"default"},"spec":{}})");
  DeleteRequest request;
  request.propagation_policy = "Foreground";
  EXPECT_FALSE(objects.remove(deployments, "default", "d", request)->removed);
  EXPECT_EQ(at(deployments, "d").at("metadata").at("finalizers"),
            json::parse(R"(["foregroundDeletion"])"));
  request.propagation_policy = "Orphan";
  EXPECT_FALSE(objects.remove(deployments, "default", "d", request)->removed);
  EXPECT_EQ(at(deployments, "d").at("metadata").at("finalizers"), json::parse(R"(["orphan"])"));
  request.propagation_policy = "Background";
  EXPECT_TRUE(objects.remove(deployments, "default", "d", request)->removed);
}

TEST_F(ObjectStoreTest, ANamespaceWaitsForItsFinalizer) {
  make(
      namespaces,
      R"({"kind":"Namespace","metadata":{"name":"n"},"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}})");
  EXPECT_FALSE(objects.remove(namespaces, "", "n", {})->removed);
  EXPECT_EQ(at(namespaces, "n").at("status").at("phase"), "Terminating");
  EXPECT_TRUE(set(namespaces, "n", R"({"spec":{}})")->removed);
}

TEST(GenerateName, KeepsWithinALabel) {
  EXPECT_EQ(generate_name("web-").size(), 9u);
  EXPECT_EQ(generate_name(std::string(80, 'a')).size(), 63u);
  EXPECT_NE(generate_name("x"), generate_name("x"));
  const auto uid = make_uid();
  EXPECT_EQ(uid.size(), 36u);
  EXPECT_EQ(uid[14], '4');
}

TEST_F(ObjectStoreTest, AnObjectIsAwaitedUntilItIsMade) {
  using namespace std::chrono_literals;
  const auto none = objects.await(maps, "default", "late", 20ms);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, 404);
  std::jthread maker([&] {
    std::this_thread::sleep_for(50ms);
    make(maps, R"({"metadata":{"namespace":"default","name":"later"}})");
    make(maps, R"({"metadata":{"namespace":"default","name":"late"}})");
  });
  const auto made = objects.await(maps, "default", "late", 10s);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->key, object_key(maps, "default", "late")) << "not another of that beginning";
  EXPECT_TRUE(objects.await(maps, "default", "late", 10s)) << "at once";
}

}  // namespace
}  // namespace nodal::master
