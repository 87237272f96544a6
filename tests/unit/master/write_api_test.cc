// tests/unit/master/write_api_test.cc — what a write does besides storing what was sent: equal
// values are no change, a PUT may create, a status says something about its object, generations.
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/served_api.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

const http::Headers kMerge{{"Content-Type", "application/merge-patch+json"}};
constexpr std::string_view kDeployments = "/apis/apps/v1/namespaces/default/deployments";
constexpr std::string_view kSlices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
constexpr std::string_view kIngresses = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
constexpr std::string_view kServices = "/api/v1/namespaces/default/services";

std::string deployment(std::string_view resources) {
  return text::cat(
      R"({"metadata":{"name":"web","labels":{"a":"b"}},"spec":{"selector":{"matchLabels":{"a":"b"}},)",
      R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i",)",
      R"("resources":)", resources, "}]}}}}");
}

class Writes : public ServedApi {
 protected:
  static ApiParts parts() {
    ApiParts out;
    out.authorize = [](const Caller& caller,
                       const RequestInfo& info) -> std::optional<std::string> {
      if (caller.user == "updater" && info.verb == "create") return "not create";
      return std::nullopt;
    };
    return out;
  }
  Writes() : ServedApi(parts()) {}
};

TEST_F(Writes, EqualAmountsAreNoChange) {
  const auto made =
      call("POST", kDeployments, deployment(R"({"limits":{"cpu":0.5,"memory":"1024Mi"}})"));
  ASSERT_EQ(made.status, 201) << made.message();
  const auto& container =
      made.body.at("spec").at("template").at("spec").at("containers").at(0).as_object();
  EXPECT_EQ(container.at("resources").at("limits"),
            json::parse(R"({"cpu":"500m","memory":"1Gi"})"));
  const auto put = call("PUT", text::cat(kDeployments, "/web"),
                        deployment(R"({"limits":{"cpu":"0.500","memory":"1Gi"}})"));
  EXPECT_EQ(put.body.at("metadata").at("resourceVersion"),
            made.body.at("metadata").at("resourceVersion"));
}

TEST_F(Writes, AStatusSaysSomethingAboutItsObject) {
  call(
      "POST", kIngresses,
      R"({"metadata":{"name":"web"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}})");
  const auto patch =
      R"({"metadata":{"annotations":{"patched":"true"},"labels":{"x":"y"}},
          "spec":{"ingressClassName":"no"}})";
  auto out = call("PATCH", text::cat(kIngresses, "/web/status"), patch, kMerge);
  EXPECT_EQ(out.status, 200) << out.message();
  EXPECT_EQ(out.body.at("metadata").at("annotations").at("patched"), "true");
  EXPECT_EQ(out.body.at("metadata").at("labels").at("x"), "y");
  EXPECT_FALSE(out.body.at("spec").as_object().contains("ingressClassName"));

  call("POST", kDeployments, deployment("{}"));
  out = call("PATCH", text::cat(kDeployments, "/web/status"), patch, kMerge);
  EXPECT_EQ(out.body.at("metadata").at("annotations").at("patched"), "true");
  EXPECT_EQ(out.body.at("metadata").at("labels"), json::parse(R"({"a":"b"})"));
  out = call("PATCH", text::cat(kDeployments, "/web/status?fieldManager=m"),
             R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",
                 "annotations":{"applied":"1"},"labels":{"x":"y"}},"status":{"replicas":1}})",
             {{"Content-Type", "application/apply-patch+yaml"}});
  EXPECT_EQ(out.status, 200) << out.message();
  EXPECT_EQ(out.body.at("metadata").at("annotations").at("applied"), "1");
  EXPECT_EQ(out.body.at("metadata").at("labels"), json::parse(R"({"a":"b"})"));
}

TEST_F(Writes, APutMakesWhatIsNotThere) {
  const std::string_view service = R"({"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}})";
  const auto at = text::cat(kServices, "/s");
  EXPECT_EQ(call("PUT", at, service, {}, "updater").status, 403);
  EXPECT_EQ(call("GET", at).status, 404);
  const auto stale = call("PUT", at, R"({"metadata":{"name":"s","uid":"1"},"spec":{}})");
  EXPECT_EQ(stale.status, 409) << "of an object that is gone";
  const auto made = call("PUT", at, service);
  EXPECT_EQ(made.status, 201) << made.message();
  EXPECT_EQ(made.body.at("spec").at("type"), "ClusterIP");
  EXPECT_EQ(call("PUT", at, service).status, 200);
  EXPECT_EQ(call("PUT", text::cat(kServices, "/other/status"), "{}").status, 404);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/none/endpoints/e", "{}").status, 404);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/default/endpoints/e", "{}").status, 201);
  EXPECT_EQ(
      call("PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", R"({"spec":{}})")
          .status,
      201);
  EXPECT_EQ(
      call("PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", R"({"spec":{}})")
          .status,
      422)
      << "a change names what it changes";
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/default/configmaps/m", "{}").status, 404);
}

TEST_F(Writes, GenerationsAreOfKindsThatReportThem) {
  const auto service =
      call("POST", kServices, R"({"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}})");
  EXPECT_FALSE(service.body.at("metadata").as_object().contains("generation"));
  const auto slice = [](std::string_view address) {
    return text::cat(
        R"({"metadata":{"name":"e"},"addressType":"IPv4","endpoints":[{"addresses":[")", address,
        "\"]}]}");
  };
  EXPECT_EQ(call("POST", kSlices, slice("10.0.0.1")).body.at("metadata").at("generation"), 1);
  const auto at = text::cat(kSlices, "/e");
  EXPECT_EQ(call("PUT", at, slice("10.0.0.2")).body.at("metadata").at("generation"), 2);
  EXPECT_EQ(call("PATCH", at, R"({"metadata":{"labels":{"a":"b"}}})", kMerge)
                .body.at("metadata")
                .at("generation"),
            2);
}

TEST_F(Writes, FinalizersSayWhoseTheyAre) {
  const auto make = [&](std::string_view finalizer) {
    return call(
        "POST", "/api/v1/namespaces/default/configmaps",
        text::cat(R"({"metadata":{"generateName":"m","finalizers":[")", finalizer, "\"]}}"));
  };
  EXPECT_EQ(make("example.com/x").status, 201);
  EXPECT_EQ(make("foregroundDeletion").status, 201);
  const auto refused = make("x");
  EXPECT_EQ(refused.status, 422);
  EXPECT_TRUE(refused.message().ends_with(
      "metadata.finalizers[0]: Invalid value: \"x\": name is neither a standard finalizer name nor "
      "is it fully qualified"))
      << refused.message();
}

TEST_F(Writes, AConfigMapHoldsAMebibyte) {
  const auto make = [&](std::string_view member, std::size_t bytes) {
    return call("POST", "/api/v1/namespaces/default/configmaps",
                text::cat(R"({"metadata":{"generateName":"m"},")", member, R"(":{"k":")",
                          member == "data" ? std::string(bytes, 'a')
                                           : text::base64(std::string(bytes, 'a')),
                          "\"}}"))
        .status;
  };
  for (const char* member : {"data", "binaryData"}) {
    EXPECT_EQ(make(member, 1u << 20), 201) << member;
    EXPECT_EQ(make(member, (1u << 20) + 1), 422) << member;
  }
}

}  // namespace
}  // namespace nodal::master
