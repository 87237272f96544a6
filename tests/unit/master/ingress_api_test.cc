// tests/unit/master/ingress_api_test.cc — one Ingress in both of its versions: what is stored, and
// what each client sees.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/text.h"
#include "master/registry/conversion.h"
#include "tests/support/served_api.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

constexpr const char* kOld = "/apis/networking.k8s.io/v1beta1/namespaces/default/ingresses";
constexpr const char* kNew = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
constexpr const char* kOldIngress =
    R"({"apiVersion":"networking.k8s.io/v1beta1","kind":"Ingress","metadata":{"name":"web"},
        "spec":{"backend":{"serviceName":"all","servicePort":"http"},
                "rules":[{"host":"example.org","http":{"paths":[
                  {"path":"/","backend":{"serviceName":"web","servicePort":1337}}]}}]}})";

const schema::Resource& old_version() {
  return *schema::find_resource("networking.k8s.io", "v1beta1", "ingresses");
}

TEST(Conversion, IsAboutOneOfTheVersions) {
  const auto* stored = schema::find_resource("networking.k8s.io", "", "ingresses");
  EXPECT_EQ(stored->version, "v1") << "the preferred version is the stored one";
  EXPECT_EQ(conversion_for(*stored), nullptr);
  EXPECT_NE(conversion_for(old_version()), nullptr);
  EXPECT_EQ(&stored_version(old_version()), stored);
  EXPECT_EQ(&stored_version(*stored), stored);
}

TEST(Conversion, MovesBackendsAndComesBack) {
  const auto was = json::parse(kOldIngress).as_object();
  const auto now = to_stored(old_version(), was);
  EXPECT_EQ(json::value(now.at("spec")),
            json::parse(R"({"rules":[{"host":"example.org","http":{"paths":[
                {"path":"/","pathType":"ImplementationSpecific",
                 "backend":{"service":{"name":"web","port":{"number":1337}}}}]}}],
                "defaultBackend":{"service":{"name":"all","port":{"name":"http"}}}})"));
  EXPECT_EQ(now.at("apiVersion"), "networking.k8s.io/v1");
  auto back = from_stored(old_version(), now);
  auto& path = back.at("spec").at("rules").at(0).at("http").at("paths").at(0).as_object();
  EXPECT_EQ(path.at("pathType"), "ImplementationSpecific");
  path.erase("pathType");
  back.erase("status");
  EXPECT_EQ(json::value(back), json::value(was));
}

TEST(Conversion, KeepsWhatIsOddOrAbsent) {
  for (const char* spec :
       {R"({})", R"({"rules":[{"host":"a"}]})", R"({"rules":[{"http":{"paths":[]}}]})",
        R"({"backend":{"resource":{"kind":"Bucket","name":"b"}}})",
        R"({"backend":{"serviceName":"s"}})", R"({"tls":[{"hosts":["a"],"secretName":"t"}]})"}) {
    json::object object{{"spec", json::parse(spec)}};
    const auto back = from_stored(old_version(), to_stored(old_version(), object)).at("spec");
    EXPECT_EQ(back, json::parse(spec)) << spec;
  }
}

class IngressApi : public ServedApi {
 protected:
  json::value send(std::string_view method, std::string_view target, std::string_view body = "",
                   http::Headers headers = {}) {
    auto reply = call(method, target, body, std::move(headers));
    status = reply.status;
    warnings = std::move(reply.warnings);
    return std::move(reply.body);
  }

  int status = 0;
  std::vector<std::string> warnings;
};

TEST_F(IngressApi, EachVersionSeesItsOwnForm) {
  const auto made = send("POST", kOld, kOldIngress);
  ASSERT_EQ(status, 201) << json::serialize(made);
  EXPECT_EQ(made.at("apiVersion"), "networking.k8s.io/v1beta1");
  EXPECT_EQ(made.at("spec").at("backend").at("serviceName"), "all");
  const auto now = send("GET", text::cat(kNew, "/web"));
  EXPECT_EQ(now.at("apiVersion"), "networking.k8s.io/v1");
  EXPECT_EQ(now.at("spec").at("defaultBackend").at("service").at("port").at("name"), "http");
  EXPECT_EQ(now.at("metadata"), made.at("metadata"));
  EXPECT_TRUE(now.at("status").at("loadBalancer").is_object());

  const auto olds = send("GET", kOld);
  EXPECT_EQ(olds.at("apiVersion"), "networking.k8s.io/v1beta1");
  EXPECT_EQ(olds.at("items").at(0), send("GET", text::cat(kOld, "/web")));
  EXPECT_EQ(send("GET", kNew).at("items").at(0), now);
  EXPECT_EQ(send("POST", kNew, kOldIngress).at("message"),
            "the API version in the data (networking.k8s.io/v1beta1) does not match the expected "
            "API version (networking.k8s.io/v1)");
}

TEST_F(IngressApi, PatchesMeanTheVersionTheyAreSentTo) {
  send("POST", kOld, kOldIngress);
  const http::Headers merge{{"Content-Type", "application/merge-patch+json"}};
  auto out =
      send("PATCH", text::cat(kOld, "/web"), R"({"spec":{"backend":{"servicePort":8080}}})", merge);
  ASSERT_EQ(status, 200) << json::serialize(out);
  EXPECT_EQ(out.at("spec").at("backend"),
            json::parse(R"({"serviceName":"all","servicePort":8080})"));
  EXPECT_EQ(out.at("metadata").at("generation"), 2);
  out = send("PATCH", text::cat(kNew, "/web"),
             R"({"spec":{"defaultBackend":{"service":{"name":"other"}}}})", merge);
  EXPECT_EQ(send("GET", text::cat(kOld, "/web")).at("spec").at("backend").at("serviceName"),
            "other");
  out = send("PATCH", text::cat(kOld, "/web"), R"({"spec":{"backend":{"serviceName":"other"}}})",
             merge);
  EXPECT_EQ(out.at("metadata").at("generation"), 3) << "what changes nothing counts nothing";
  out = send("PATCH", text::cat(kOld, "/web/status"),
             R"({"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}})", merge);
  EXPECT_EQ(status, 200) << json::serialize(out);
  EXPECT_EQ(send("GET", text::cat(kNew, "/web")).at("status"), out.at("status"));
  auto put = send("GET", text::cat(kOld, "/web"));
  put.at("spec").as_object().erase("backend");
  out = send("PUT", text::cat(kOld, "/web"), json::serialize(put),
             {{"Content-Type", "application/json"}});
  EXPECT_EQ(status, 200) << json::serialize(out);
  EXPECT_FALSE(
      send("GET", text::cat(kNew, "/web")).at("spec").as_object().contains("defaultBackend"));
  send("DELETE", text::cat(kOld, "/web"));
  EXPECT_EQ(status, 200);
  send("GET", text::cat(kNew, "/web"));
  EXPECT_EQ(status, 404);
}

TEST_F(IngressApi, RefusesInTheStoredVersionsWords) {
  const auto out =
      send("POST", kOld, R"({"metadata":{"name":"x"},"spec":{"backend":{"serviceName":"s"}}})");
  EXPECT_EQ(status, 422);
  EXPECT_EQ(out.at("message"),
            "Ingress.networking.k8s.io \"x\" is invalid: spec.defaultBackend: Required value: port "
            "name or number is required");
}

TEST_F(IngressApi, TheDefaultClassIsFilledIn) {
  const char* classes = "/apis/networking.k8s.io/v1/ingressclasses";
  const auto add = [&](const char* name, const char* is_default) {
    send("POST", classes,
         text::cat(R"({"metadata":{"name":")", name,
                   R"(","annotations":{"ingressclass.kubernetes.io/is-default-class":")",
                   is_default, R"("}},"spec":{"controller":"example.com/c"}})"));
    EXPECT_EQ(status, 201);
  };
  add("other", "false");
  EXPECT_FALSE(send("POST", kOld, kOldIngress).at("spec").as_object().contains("ingressClassName"));
  send("DELETE", text::cat(kOld, "/web"));
  add("main", "true");
  EXPECT_EQ(send("POST", kOld, kOldIngress).at("spec").at("ingressClassName"), "main");
  const char* both =
      R"({"metadata":{"name":"b","annotations":{"kubernetes.io/ingress.class":"x"}},"spec":{)"
      R"("ingressClassName":"y","defaultBackend":{"service":{"name":"s","port":{"number":1}}}}})";
  send("POST", kNew, both);
  EXPECT_EQ(status, 422);
}

TEST_F(IngressApi, PrintsWhatKubectlShows) {
  send("POST", kOld, kOldIngress);
  const http::Headers table{{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
  for (const char* path : {kOld, kNew}) {
    const auto out = send("GET", path, "", table);
    json::array names;
    for (const auto& column : out.at("columnDefinitions").as_array())
      names.push_back(column.at("name"));
    EXPECT_EQ(json::value(names),
              json::parse(R"(["Name","Class","Hosts","Address","Ports","Age"])"));
    auto cells = out.at("rows").at(0).at("cells").as_array();
    cells.pop_back();
    EXPECT_EQ(json::value(cells), json::parse(R"(["web","<none>","example.org","","80"])"));
  }
}

TEST_F(IngressApi, WarnsOfWhatWillNotWork) {
  const auto ingress = [](std::string_view name, std::string_view port, std::string_view path) {
    return text::cat(R"({"metadata":{"name":")", name, R"("},"spec":{"rules":[{"host":"a.org",)",
                     R"("http":{"paths":[{"path":")", path, R"(","pathType":"Prefix","backend":)",
                     R"({"service":{"name":"web","port":)", port, "}}}]}}]}}");
  };
  send("POST", kNew, ingress("before", R"({"number":80})", "/before"));
  EXPECT_EQ(warnings, std::vector<std::string>{}) << "its Service may come later";
  send("POST", "/api/v1/namespaces/default/services",
       R"({"metadata":{"name":"web"},"spec":{"ports":[{"name":"http","port":80}]}})");
  send("POST", kNew, ingress("one", R"({"name":"http"})", "/"));
  EXPECT_EQ(warnings, std::vector<std::string>{});
  send("POST", kNew, ingress("two", R"({"number":81})", "/"));
  EXPECT_EQ(status, 201);
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_TRUE(warnings[0].contains("spec.rules[0].http.paths[0]: host ")) << warnings[0];
  EXPECT_TRUE(warnings[0].contains("taken by Ingress default/one")) << warnings[0];
  EXPECT_TRUE(
      warnings[1].contains("backend.service.port: Service web has no port 81; it has 80 "
                           "(http)"))
      << warnings[1];
  send("PUT", text::cat(kNew, "/two"), ingress("two", R"({"number":80})", "/other"));
  EXPECT_EQ(status, 200);
  EXPECT_EQ(warnings, std::vector<std::string>{});
}

TEST_F(IngressApi, DiscoveryPrefersTheStoredVersion) {
  const auto group = send("GET", "/apis/networking.k8s.io");
  EXPECT_EQ(group.at("preferredVersion").at("version"), "v1");
  EXPECT_EQ(group.at("versions").at(1).at("version"), "v1beta1");
  EXPECT_EQ(send("GET", "/apis/networking.k8s.io/v1beta1").at("resources").at(0).at("name"),
            "ingresses");
  send("GET", "/openapi/v3/apis/networking.k8s.io/v1beta1");
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace nodal::master
