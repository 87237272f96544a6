// tests/unit/master/subresource_api_test.cc — tokens, scales and bindings; what admission says of a
// Pod's classes.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "tests/support/served_api.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

constexpr const char* kCore = "/api/v1/namespaces/default/";
constexpr const char* kToken = "serviceaccounts/robot/token";

class SubresourceApi : public ServedApi {
 protected:
  SubresourceApi() {
    for (const char* name : {"default", "robot"})
      make("serviceaccounts", text::cat(R"({"metadata":{"name":")", name, "\"}}"));
    call("POST", "/api/v1/nodes", R"({"metadata":{"name":"n1"}})");
    make("pods",
         R"({"metadata":{"name":"p"},"spec":{"serviceAccountName":"robot","nodeName":"n1",
             "containers":[{"name":"c","image":"i"}]}})");
    make("secrets", R"({"metadata":{"name":"s"}})");
  }

  Reply make(std::string_view what, std::string_view body, std::string user = "admin") {
    return call("POST", text::cat(kCore, what), body, {}, std::move(user));
  }
};

TEST_F(SubresourceApi, ATokenLastsAsLongAsAsked) {
  const auto plain = make(kToken, R"({"spec":{}})");
  ASSERT_EQ(plain.status, 201) << plain.message();
  EXPECT_EQ(plain.body.at("spec").at("expirationSeconds"), 3600);
  EXPECT_EQ(plain.body.at("metadata").at("name"), "robot");
  EXPECT_EQ(plain.body.at("metadata").at("namespace"), "default");
  EXPECT_TRUE(plain.body.at("metadata").as_object().contains("creationTimestamp"));
  EXPECT_EQ(make(kToken, R"({"spec":{"expirationSeconds":172800}})")
                .body.at("spec")
                .at("expirationSeconds"),
            172800);
  EXPECT_EQ(make(kToken, R"({"spec":{"expirationSeconds":599}})").message(),
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid "
            "value: 599: may not specify a duration less than 10 minutes");
  EXPECT_EQ(make(kToken, R"({"spec":{"expirationSeconds":4294967297}})").message(),
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid "
            "value: 4294967297: may not specify a duration larger than 2^32 seconds");
}

TEST_F(SubresourceApi, ATokenIsBoundToWhatThereIs) {
  const auto bound = [&](std::string_view reference, std::string user = "admin") {
    return make(kToken, text::cat(R"({"spec":{"boundObjectRef":)", reference, "}}"), user);
  };
  for (const auto& [kind, name, path] :
       {std::tuple{"Pod", "p", "/api/v1/namespaces/default/pods/p"},
        {"Secret", "s", "/api/v1/namespaces/default/secrets/s"},
        {"Node", "n1", "/api/v1/nodes/n1"}}) {
    const auto reply =
        bound(text::cat(R"({"kind":")", kind, R"(","apiVersion":"v1","name":")", name, "\"}"));
    ASSERT_EQ(reply.status, 201) << reply.message();
    EXPECT_EQ(reply.body.at("spec").at("boundObjectRef").at("uid"),
              call("GET", path).body.at("metadata").at("uid"));
  }
  EXPECT_EQ(bound(R"({"kind":"ConfigMap","apiVersion":"v1","name":"p"})").message(),
            "cannot bind token to object of type /v1, Kind=ConfigMap");
  EXPECT_EQ(bound(R"({"kind":"Pod","apiVersion":"apps/v1","name":"p"})").message(),
            "cannot bind token to object of type apps/v1, Kind=Pod");
  EXPECT_EQ(bound(R"({"kind":"Secret","apiVersion":"v1","name":"other"})").message(),
            "secrets \"other\" not found");
  const auto stale = bound(R"({"kind":"Secret","apiVersion":"v1","name":"s","uid":"u"})");
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.message(),
            "Operation cannot be fulfilled on Secret \"s\": the UID in the bound object reference "
            "(u) does not match the UID in record. The object might have been deleted and then "
            "recreated");
  EXPECT_EQ(make("serviceaccounts/default/token",
                 R"({"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}})")
                .message(),
            "cannot bind token for serviceaccount \"default\" to pod running with different "
            "serviceaccount name.");
}

TEST_F(SubresourceApi, ANodeGetsTokensOfItsOwnPods) {
  const std::string pod =
      R"({"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}})";
  EXPECT_EQ(make(kToken, pod, "system:node:n1").status, 201);
  EXPECT_EQ(make(kToken, pod, "system:node:n2").message(),
            "serviceaccounts \"robot\" is forbidden: node requested token bound to a pod scheduled "
            "on a different node");
  EXPECT_EQ(make(kToken, R"({"spec":{}})", "system:node:n1").message(),
            "serviceaccounts \"robot\" is forbidden: node requested token not bound to a pod");
  EXPECT_EQ(
      make(kToken, R"({"spec":{"boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"s"}}})",
           "system:node:n1")
          .status,
      403);
}

TEST_F(SubresourceApi, AScaleIsPrinted) {
  const std::string path = "/apis/apps/v1/namespaces/default/deployments";
  ASSERT_EQ(call("POST", path,
                 R"({"metadata":{"name":"d"},"spec":{"replicas":3,
                     "selector":{"matchLabels":{"a":"b"}},"template":{
                     "metadata":{"labels":{"a":"b"}},
                     "spec":{"containers":[{"name":"c","image":"i"}]}}}})")
                .status,
            201);
  const http::Headers table{{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
  const auto read = call("GET", path + "/d/scale", "", table);
  ASSERT_EQ(read.body.at("kind"), "Table");
  std::string columns;
  for (const auto& column : read.body.at("columnDefinitions").as_array())
    columns += std::string(column.at("name").as_string()) + " ";
  EXPECT_EQ(columns, "Name Desired Available Age ");
  const auto& cells = read.body.at("rows").at(0).at("cells");
  EXPECT_EQ(cells.at(0), "d");
  EXPECT_EQ(cells.at(1), 3);
  EXPECT_EQ(cells.at(2), 0);
  http::Headers patch = table;
  patch.add("Content-Type", "application/merge-patch+json");
  EXPECT_EQ(call("PATCH", path + "/d/scale", R"({"spec":{"replicas":5}})", patch)
                .body.at("rows")
                .at(0)
                .at("cells")
                .at(1),
            5);
  EXPECT_EQ(call("GET", path + "/d/scale").body.at("kind"), "Scale");
}

TEST_F(SubresourceApi, APostedBindingBindsItsPod) {
  const char* plain =
      R"({"metadata":{"name":"q"},"spec":{"containers":[{"name":"c","image":"i"}]}})";
  ASSERT_EQ(make("pods", plain).status, 201);
  const char* binding =
      R"({"kind":"Binding","apiVersion":"v1","metadata":{"name":"q"},
          "target":{"kind":"Node","name":"n1"}})";
  EXPECT_EQ(make("bindings", binding).status, 201);
  EXPECT_EQ(call("GET", text::cat(kCore, "pods/q")).body.at("spec").at("nodeName"), "n1");
  EXPECT_EQ(make("bindings", binding).message(),
            "Operation cannot be fulfilled on pods/binding \"q\": pod q is already assigned to "
            "node \"n1\"");
  EXPECT_EQ(make("bindings", R"({"metadata":{"name":"none"},"target":{"name":"n1"}})").status, 404);
  EXPECT_EQ(make("bindings", R"({"target":{"name":"n1"}})").status, 422);
  EXPECT_EQ(make("bindings", R"({"metadata":{"name":"q","namespace":"x"},"target":{"name":"n1"}})")
                .status,
            400);
  const auto bindings = kv.list("core/bindings/", 0, "", 0).value();
  for (const auto& change : bindings.entries) ADD_FAILURE() << change.key;
}

TEST_F(SubresourceApi, AGatedPodIsNotBound) {
  ASSERT_EQ(make("pods",
                 R"({"metadata":{"name":"g"},"spec":{"schedulingGates":[{"name":"wait"}],
                     "containers":[{"name":"c","image":"i"}]}})")
                .status,
            201);
  const char* target = R"({"target":{"kind":"Node","name":"n1"}})";
  EXPECT_EQ(make("pods/g/binding", target).message(),
            "Operation cannot be fulfilled on pods/binding \"g\": pod g has non-empty "
            ".spec.schedulingGates");
  const auto freed =
      call("PATCH", text::cat(kCore, "pods/g"), R"({"spec":{"schedulingGates":null}})",
           {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(freed.status, 200) << freed.message();
  EXPECT_EQ(make("pods/g/binding", target).status, 201);
}

TEST_F(SubresourceApi, APatchNamesWhatItChanges) {
  const http::Headers merge{{"Content-Type", "application/merge-patch+json"}};
  const auto path = text::cat(kCore, "secrets/s");
  const auto renamed = call("PATCH", path, R"({"metadata":{"name":"t"}})", merge);
  EXPECT_EQ(renamed.status, 400);
  EXPECT_EQ(renamed.message(), "the name of the object (t) does not match the name on the URL (s)");
  EXPECT_EQ(call("PATCH", path, R"({"metadata":{"namespace":"x"}})", merge).status, 400);
  EXPECT_EQ(call("PATCH", path, R"({"metadata":{"name":"s","labels":{"a":"b"}}})", merge).status,
            200);
}

TEST_F(SubresourceApi, AClassIsOneThatThereIs) {
  const auto pod = [&](std::string_view name, std::string_view spec) {
    return make("pods", text::cat(R"({"metadata":{"name":")", name, R"("},"spec":{)", spec,
                                  R"(,"containers":[{"name":"c","image":"i"}]}})"));
  };
  EXPECT_EQ(
      pod("a", R"("priorityClassName":"system-node-critical")").body.at("spec").at("priority"),
      2000001000);
  EXPECT_EQ(pod("b", R"("priority":0)").body.at("spec").at("priority"), 0);
  EXPECT_EQ(pod("c", R"("priorityClassName":"high")").message(),
            "pods \"c\" is forbidden: no PriorityClass with name high was found");
  EXPECT_EQ(pod("d", R"("priority":5)").message(),
            "pods \"d\" is forbidden: the integer value of priority (5) must not be provided in "
            "pod spec; priority admission controller computed 0 from the given PriorityClass name");
  EXPECT_EQ(pod("e", R"("runtimeClassName":"gvisor")").message(),
            "pods \"e\" is forbidden: pod rejected: RuntimeClass \"gvisor\" not found");
}

TEST_F(SubresourceApi, EphemeralContainersAreAddedInEveryForm) {
  const std::string path = text::cat(kCore, "pods/p/ephemeralcontainers");
  const auto names = [](const Reply& reply) {
    std::string out;
    if (reply.status != 200) return text::cat(reply.status, " ", reply.message());
    for (const auto& one : reply.body.at("spec").at("ephemeralContainers").as_array())
      out += text::cat(std::string(one.at("name").as_string()), " ");
    return out;
  };
  const auto patch = [&](std::string_view type, std::string_view body,
                         std::string_view query = "") {
    return call("PATCH", path + std::string(query), body,
                {{"Content-Type", text::cat("application/", type)}});
  };
  EXPECT_EQ(call("GET", path).body.at("kind"), "Pod");
  EXPECT_EQ(names(patch(
                "strategic-merge-patch+json",
                R"({"spec":{"nodeName":"n2","ephemeralContainers":[{"name":"a","image":"i"}]}})")),
            "a ");
  EXPECT_EQ(string_at(call("GET", path).body, "spec", "nodeName"), "n1");
  EXPECT_EQ(names(patch("json-patch+json",
                        R"([{"op":"add","path":"/spec/ephemeralContainers/-",
                             "value":{"name":"b","image":"i"}}])")),
            "a b ");
  EXPECT_EQ(names(patch("apply-patch+yaml",
                        R"({"apiVersion":"v1","kind":"Pod","spec":{"hostNetwork":true,
                            "ephemeralContainers":[{"name":"f","image":"i"}]}})",
                        "?fieldManager=m")),
            "a b f ");
  EXPECT_EQ(patch("merge-patch+json", R"({"spec":{"ephemeralContainers":null}})").status, 422);
  // As kubectl 1.20: the list alone, without those that it could not read.
  const auto old = call("PUT", path,
                        R"({"kind":"EphemeralContainers","apiVersion":"v1","metadata":
                            {"creationTimestamp":null},"ephemeralContainers":[{"name":"d","image":"i"}]})",
                        {{"Content-Type", "application/json"}});
  ASSERT_EQ(old.status, 200) << old.message();
  EXPECT_EQ(old.body.at("kind"), "EphemeralContainers");
  EXPECT_EQ(old.body.at("ephemeralContainers").as_array().size(), 4u);
  auto whole = call("GET", path).body;
  whole.at("spec").at("ephemeralContainers").as_array().push_back({{"name", "e"}, {"image", "i"}});
  EXPECT_EQ(
      names(call("PUT", path, json::serialize(whole), {{"Content-Type", "application/json"}})),
      "a b f d e ");
  // Without them, a plain PUT is a change that may not be.
  whole.at("metadata").as_object().erase("resourceVersion");
  whole.at("spec").as_object().erase("ephemeralContainers");
  EXPECT_EQ(call("PUT", text::cat(kCore, "pods/p"), json::serialize(whole)).status, 422);
}

}  // namespace
}  // namespace nodal::master
