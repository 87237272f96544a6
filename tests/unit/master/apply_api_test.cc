// tests/unit/master/apply_api_test.cc — server-side apply and owners of fields, as clients see
// them.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <thread>

#include "base/text.h"
#include "master/api/api.h"
#include "master/api/loopback.h"
#include "master/store/memory_kv.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

constexpr std::string_view kMaps = "/api/v1/namespaces/default/configmaps";
constexpr std::string_view kDeployments = "/apis/apps/v1/namespaces/default/deployments";

struct Reply {
  int status = 0;
  json::value body;

  [[nodiscard]] std::string message() const {
    const auto* object = body.if_object();
    return object && object->contains("message") ? std::string(object->at("message").as_string())
                                                 : "";
  }
  [[nodiscard]] std::string version() const {
    return std::string(body.at("metadata").at("resourceVersion").as_string());
  }
  // "kubectl Apply {…} | …"
  [[nodiscard]] std::string owners() const {
    std::string out;
    if (const auto* list = body.at("metadata").as_object().if_contains("managedFields"))
      for (const auto& entry : list->as_array()) {
        const auto& object = entry.as_object();
        out +=
            text::cat(out.empty() ? "" : " | ", std::string_view(object.at("manager").as_string()),
                      object.contains("subresource")
                          ? text::cat("/", std::string_view(object.at("subresource").as_string()))
                          : "",
                      " ", std::string_view(object.at("operation").as_string()), " ",
                      json::serialize(object.at("fieldsV1")));
      }
    return out;
  }
};

class ApplyApi : public testing::Test {
 protected:
  ApplyApi() {
    ApiParts parts;
    parts.kv = &kv;
    parts.clock = &clock;
    parts.authenticate = [](const http::Request&) -> Answer<Caller> {
      return errors::unauthorized();
    };
    parts.authorize = [](const Caller& caller,
                         const RequestInfo& info) -> std::optional<std::string> {
      if (caller.user == "patcher" && info.verb != "patch") return "it may only patch";
      return std::nullopt;
    };
    api = std::make_unique<Api>(std::move(parts));
    api->set_ready();
    EXPECT_EQ(call("POST", "/api/v1/namespaces", R"({"metadata":{"name":"default"}})").status, 201);
  }

  Reply call(std::string_view method, std::string_view target, std::string_view body,
             std::string_view type = "application/json", std::string_view user = "admin") {
    LoopbackTransport transport(*api, Caller{std::string(user), {}, ""});
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.headers = {{"Content-Type", std::string(type)}, {"User-Agent", "tester/1.0 (linux)"}};
    const auto answer = transport.send(request, {});
    EXPECT_TRUE(answer);
    Reply out;
    if (!answer) return out;
    out.status = answer->status;
    boost::system::error_code ignored;
    out.body = json::parse(answer->text(), ignored);
    return out;
  }
  Reply apply(std::string_view target, std::string_view body, std::string_view user = "admin") {
    return call("PATCH", target, body, "application/apply-patch+yaml", user);
  }
  static std::string map(std::string_view name, std::string_view query = "fieldManager=kubectl") {
    return text::cat(kMaps, "/", name, "?", query);
  }

  MemoryKv kv;
  SystemClock clock;
  std::unique_ptr<Api> api;
};

TEST_F(ApplyApi, CreatesThenMergesThenDoesNothing) {
  const auto made =
      apply(map("a"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n");
  EXPECT_EQ(made.status, 201) << made.message();
  EXPECT_EQ(made.owners(), R"(kubectl Apply {"f:data":{"f:x":{}}})");
  const auto changed =
      apply(map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","data":{"x":"1","y":"2"}})");
  EXPECT_EQ(changed.status, 200) << changed.message();
  EXPECT_EQ(json::serialize(changed.body.at("data")), R"({"x":"1","y":"2"})");
  const auto again =
      apply(map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","data":{"x":"1","y":"2"}})");
  EXPECT_EQ(again.body, changed.body);
  const auto fewer = apply(map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","data":{"y":"2"}})");
  EXPECT_EQ(json::serialize(fewer.body.at("data")), R"({"y":"2"})");
  EXPECT_NE(fewer.version(), changed.version());
}

TEST_F(ApplyApi, ADryRunChangesNothing) {
  const std::string_view body = R"({"apiVersion":"v1","kind":"ConfigMap","data":{"x":"1"}})";
  const auto made = apply(map("a", "fieldManager=k&dryRun=All"), body);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(call("GET", map("a", ""), "").status, 404);
  apply(map("a"), body);
  const auto changed = apply(map("a", "fieldManager=kubectl&dryRun=All"),
                             R"({"apiVersion":"v1","kind":"ConfigMap","data":{"x":"2"}})");
  EXPECT_EQ(json::serialize(changed.body.at("data")), R"({"x":"2"})");
  EXPECT_EQ(json::serialize(call("GET", map("a", ""), "").body.at("data")), R"({"x":"1"})");
}

TEST_F(ApplyApi, SaysWhatIsWrong) {
  const std::string_view good = R"({"apiVersion":"v1","kind":"ConfigMap","data":{"x":"1"}})";
  const struct {
    std::string target;
    std::string_view body;
    int status;
    std::string_view message;
  } cases[] = {
      {map("a", ""), good, 422,
       "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
       "apply patch"},
      {map("a", text::cat("fieldManager=", std::string(129, 'x'))), good, 422,
       "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 "
       "bytes"},
      {map("a"), R"({"apiVersion":"v1","data":{}})", 400,
       "an applied object must say its kind and apiVersion, it has no kind"},
      {map("a"), R"({"apiVersion":"v1","kind":"Secret"})", 400,
       "the kind in the data (Secret) does not match the expected kind (ConfigMap)"},
      {map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}})", 400,
       "the name of the object (b) does not match the name on the URL (a)"},
      {map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"b"}})", 400,
       "the namespace of the provided object does not match the namespace sent on the request"},
      {map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"managedFields":[{}]}})", 400,
       "metadata.managedFields must be nil"},
      {map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","dta":{}})", 400,
       "failed to create typed patch object (default/a; v1, Kind=ConfigMap): .dta: field not "
       "declared in schema"},
      {map("a", "fieldManager=k&fieldValidation=Strict"),
       R"({"apiVersion":"v1","kind":"ConfigMap","dta":{}})", 400,
       "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "
       "unknown field \"dta\""},
      {map("a"), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"uid":"u"}})", 409,
       "Operation cannot be fulfilled on configmaps \"a\": the applied object has the uid u, but "
       "there is no such object yet"},
      {text::cat(kDeployments, "/d/status?fieldManager=k"),
       R"({"apiVersion":"apps/v1","kind":"Deployment","status":{}})", 404,
       "deployments.apps \"d\" not found"},
      {text::cat(kDeployments, "/d/scale?fieldManager=k"),
       R"({"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replica":1}})", 400,
       "failed to create typed patch object (default/d; autoscaling/v1, Kind=Scale): "
       ".spec.replica: field not declared in schema"},
  };
  for (const auto& c : cases) {
    const auto reply = apply(c.target, c.body);
    EXPECT_EQ(reply.status, c.status) << c.body;
    EXPECT_EQ(reply.message(), c.message);
  }
  apply(map("a"), good);
  EXPECT_EQ(apply(map("a"), R"({"apiVersion":"v1","kind":"ConfigMap",
                    "metadata":{"resourceVersion":"1"},"data":{"x":"2"}})")
                .status,
            409);
  const auto forced = call("PATCH", map("a", "force=true"), "{}", "application/merge-patch+json");
  EXPECT_EQ(forced.status, 422);
  EXPECT_EQ(forced.message(),
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for "
            "non-apply patch");
}

TEST_F(ApplyApi, ConflictsAreToldAndForced) {
  call("POST", text::cat(kMaps, "?fieldManager=other"),
       R"({"metadata":{"name":"a"},"data":{"x":"1"}})");
  const std::string_view body = R"({"apiVersion":"v1","kind":"ConfigMap","data":{"x":"2"}})";
  const auto refused = apply(map("a"), body);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.message(),
            "Apply failed with 1 conflict: conflict with \"other\" using v1: .data.x");
  EXPECT_EQ(refused.body.at("reason").as_string(), "Conflict");
  EXPECT_EQ(refused.body.at("details").at("causes"),
            json::parse(R"([{"reason":"FieldManagerConflict",
                             "message":"conflict with \"other\" using v1","field":".data.x"}])"));
  const auto forced = apply(map("a", "fieldManager=kubectl&force=true"), body);
  EXPECT_EQ(forced.status, 200);
  EXPECT_EQ(forced.owners(), R"(kubectl Apply {"f:data":{"f:x":{}}} | other Update {"f:data":{}})");
}

TEST_F(ApplyApi, CreatingByApplyNeedsTheRightToCreate) {
  const std::string_view body = R"({"apiVersion":"v1","kind":"ConfigMap","data":{"x":"1"}})";
  EXPECT_EQ(apply(map("a"), body, "patcher").status, 403);
  EXPECT_EQ(call("GET", map("a", ""), "").status, 404);
  EXPECT_EQ(apply(map("a"), body).status, 201);
  EXPECT_EQ(apply(map("a"), body, "patcher").status, 200);
}

TEST_F(ApplyApi, ManyMayApplyAtOnce) {
  constexpr int kAppliers = 8, kRounds = 20;
  std::atomic<int> created = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kAppliers; ++i)
      threads.emplace_back([&, i] {
        for (int round = 0; round < kRounds; ++round) {
          const auto reply = apply(map("a", text::cat("fieldManager=m", i)),
                                   text::cat(R"({"apiVersion":"v1","kind":"ConfigMap","data":{"k)",
                                             i, "\":\"", round, "\"}}"));
          if (reply.status == 201)
            ++created;
          else if (reply.status != 200)
            ++refused;
        }
      });
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(refused, 0);
  const auto end = call("GET", map("a", ""), "");
  for (int i = 0; i < kAppliers; ++i)
    EXPECT_EQ(end.body.at("data").at(text::cat("k", i)), json::value(std::to_string(kRounds - 1)));
  EXPECT_EQ(end.body.at("metadata").at("managedFields").as_array().size(), std::size_t{kAppliers});
}

TEST_F(ApplyApi, EveryWriteKeepsAccount) {
  const auto made = call("POST", kMaps, R"({"metadata":{"name":"a"},"data":{"x":"1"}})");
  EXPECT_EQ(made.owners(), R"(tester Update {"f:data":{"f:x":{},".":{}}})");
  const auto patched = call("PATCH", map("a", "fieldManager=p"), R"({"data":{"x":"2"}})",
                            "application/strategic-merge-patch+json");
  EXPECT_EQ(patched.owners(), R"(p Update {"f:data":{"f:x":{}}} | tester Update {"f:data":{}})");
  const auto put = call("PUT", map("a", "fieldManager=u"),
                        R"({"metadata":{"name":"a","labels":{"l":"1"}},"data":{"x":"2"}})");
  EXPECT_EQ(put.owners(), R"(p Update {"f:data":{"f:x":{}}} | tester Update {"f:data":{}} | )"
                          R"(u Update {"f:metadata":{"f:labels":{"f:l":{},".":{}}}})");
  const auto same = call("PUT", map("a", "fieldManager=v"),
                         R"({"metadata":{"name":"a","labels":{"l":"1"}},"data":{"x":"2"}})");
  EXPECT_EQ(same.version(), put.version());
  const auto reset = call("PATCH", map("a"), R"({"metadata":{"managedFields":[{}]}})",
                          "application/merge-patch+json");
  EXPECT_EQ(reset.owners(), "");
  // As kubectl hands the fields of its client-side apply over.
  const auto given = call("PATCH", map("a"),
                          text::cat(R"([{"op":"add","path":"/metadata/managedFields","value":[
      {"manager":"kubectl","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1",
       "time":"2026-11-23T07:00:00Z","fieldsV1":{"f:data":{"f:x":{}}}}]},
      {"op":"replace","path":"/metadata/resourceVersion","value":")",
                                    reset.version(), R"("}])"),
                          "application/json-patch+json");
  EXPECT_EQ(given.owners(), R"(kubectl Apply {"f:data":{"f:x":{}}})");
  EXPECT_EQ(call("PATCH", map("a"), R"({"metadata":{"managedFields":[{"manager":"m"}]}})",
                 "application/merge-patch+json")
                .message(),
            "ConfigMap \"a\" is invalid: metadata.managedFields: Invalid value: operation must be "
            "`Apply` or `Update`");
  call("POST", "/api/v1/namespaces/default/events",
       R"({"metadata":{"name":"e"},"involvedObject":{"namespace":"default"}})");
  EXPECT_EQ(call("GET", "/api/v1/namespaces/default/events/e", "").owners(), "");
}

constexpr std::string_view kWeb = R"({"apiVersion":"apps/v1","kind":"Deployment",
  "metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"d"}},
  "template":{"metadata":{"labels":{"app":"d"}},
    "spec":{"containers":[{"name":"d","image":"d:1"}]}}},"status":{"replicas":7}})";

TEST_F(ApplyApi, DefaultsBelongToNobodyAndComeBack) {
  const std::string target = text::cat(kDeployments, "/d?fieldManager=kubectl");
  const auto made = apply(target, kWeb);
  ASSERT_EQ(made.status, 201) << made.message();
  EXPECT_EQ(made.owners(),
            R"(kubectl Apply {"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{)"
            R"("f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{)"
            R"("k:{\"name\":\"d\"}":{"f:name":{},"f:image":{},".":{}}}}}}})");
  EXPECT_EQ(made.body.at("spec").at("revisionHistoryLimit"), 10);
  EXPECT_EQ(apply(target, kWeb).body, made.body) << "nothing changes";
  auto document = json::parse(kWeb);
  document.at("spec").as_object().erase("replicas");
  const auto fewer = apply(target, json::serialize(document));
  EXPECT_EQ(fewer.body.at("spec").at("replicas"), 1) << "the default";
  EXPECT_EQ(fewer.body.at("metadata").at("generation"), 2);
}

TEST_F(ApplyApi, TheStatusIsAppliedThroughItsSubresource) {
  apply(text::cat(kDeployments, "/d?fieldManager=kubectl"), kWeb);
  const auto status = apply(text::cat(kDeployments, "/d/status?fieldManager=c"),
                            R"({"apiVersion":"apps/v1","kind":"Deployment",
    "metadata":{"labels":{"l":"1"}},"spec":{"replicas":9},"status":{"replicas":2,
    "conditions":[{"type":"Available","status":"True"}]}})");
  ASSERT_EQ(status.status, 200) << status.message();
  EXPECT_EQ(status.body.at("spec").at("replicas"), 2);
  EXPECT_EQ(status.body.at("status").at("replicas"), 2);
  EXPECT_FALSE(status.body.at("metadata").as_object().contains("labels"));
  EXPECT_NE(
      status.owners().find(R"(c/status Apply {"f:status":{"f:replicas":{},"f:conditions":{)"
                           R"("k:{\"type\":\"Available\"}":{"f:type":{},"f:status":{},".":{}}}}})"),
      std::string::npos)
      << status.owners();
  const auto scaled = call("PATCH", text::cat(kDeployments, "/d/scale?fieldManager=kubectl-scale"),
                           R"({"spec":{"replicas":4}})", "application/merge-patch+json");
  ASSERT_EQ(scaled.status, 200);
  EXPECT_EQ(apply(text::cat(kDeployments, "/d?fieldManager=kubectl"), kWeb).message(),
            "Apply failed with 1 conflict: conflict with \"kubectl-scale\" with subresource "
            "\"scale\" using apps/v1: .spec.replicas");
}

TEST_F(ApplyApi, TheScaleIsAppliedToo) {
  apply(text::cat(kDeployments, "/d?fieldManager=kubectl"), kWeb);
  const std::string_view five =
      R"({"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d"},"spec":{"replicas":5}})";
  const std::string target = text::cat(kDeployments, "/d/scale?fieldManager=hpa");
  EXPECT_EQ(apply(target, five).message(),
            "Apply failed with 1 conflict: conflict with \"kubectl\": .spec.replicas");
  const auto forced = apply(target + "&force=true", five);
  EXPECT_EQ(forced.status, 200) << forced.message();
  EXPECT_EQ(forced.body.at("kind").as_string(), "Scale");
  EXPECT_EQ(forced.body.at("spec").at("replicas"), 5);
  const auto parent = call("GET", text::cat(kDeployments, "/d"), "");
  EXPECT_EQ(parent.body.at("spec").at("replicas"), 5);
  EXPECT_NE(parent.owners().find(R"(hpa/scale Apply {"f:spec":{"f:replicas":{}}})"),
            std::string::npos)
      << parent.owners();
  EXPECT_EQ(apply(text::cat(kDeployments, "/e/scale?fieldManager=hpa"),
                  R"({"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":5}})")
                .status,
            404);
}

TEST_F(ApplyApi, AppliedListsLeaveWhatAdmissionAdds) {
  call("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  const std::string target = "/api/v1/namespaces/default/pods/p?fieldManager=kubectl";
  const std::string_view pod = R"({"apiVersion":"v1","kind":"Pod","spec":{
      "tolerations":[{"key":"gpu","operator":"Exists"}],"containers":[{"name":"a","image":"a:1"}]}})";
  const auto made = apply(target, pod);
  ASSERT_EQ(made.status, 201) << made.message();
  EXPECT_EQ(made.body.at("spec").at("tolerations").as_array().size(), 3u);
  const auto again = apply(target, pod);
  EXPECT_EQ(again.status, 200) << again.message();
  EXPECT_EQ(again.body, made.body);
}

TEST_F(ApplyApi, ASecretsPlainTextIsOwnedAsData) {
  const std::string target = "/api/v1/namespaces/default/secrets/s?fieldManager=kubectl";
  const auto made =
      apply(target, R"({"apiVersion":"v1","kind":"Secret","stringData":{"a":"1","b":"2"}})");
  EXPECT_EQ(made.owners(), R"(kubectl Apply {"f:data":{"f:a":{},"f:b":{}}})");
  const auto fewer = apply(target, R"({"apiVersion":"v1","kind":"Secret","stringData":{"a":"1"}})");
  EXPECT_EQ(json::serialize(fewer.body.at("data")), R"({"a":"MQ=="})");
  // Made by `kubectl apply` before, taken over by `kubectl apply --server-side`.
  call("POST", "/api/v1/namespaces/default/secrets?fieldManager=kubectl-client-side-apply",
       R"({"metadata":{"name":"t","annotations":{"kubectl.kubernetes.io/last-applied-configuration":
       "{\"stringData\":{\"a\":\"1\"}}"}},"stringData":{"a":"1"}})");
  EXPECT_EQ(apply("/api/v1/namespaces/default/secrets/t?fieldManager=kubectl",
                  R"({"apiVersion":"v1","kind":"Secret","stringData":{"a":"2"}})")
                .status,
            200);
}

}  // namespace
}  // namespace nodal::master
