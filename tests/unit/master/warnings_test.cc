// tests/unit/master/warnings_test.cc — warnings of Services and of what pods say twice; those of
// Ingresses are in ingress_api_test.cc.
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/served_api.h"

namespace nodal::master {
namespace {

class Warnings : public ServedApi {
 protected:
  std::vector<std::string> of(std::string_view method, std::string_view name,
                              std::string_view target_port) {
    const auto at = text::cat("/api/v1/namespaces/default/services",
                              method == "PUT" ? text::cat("/", name) : std::string());
    return call(
               method, at,
               text::cat(R"({"metadata":{"name":")", name, R"("},"spec":{"selector":)",
                         R"({"app":"web"},"ports":[{"port":80,"targetPort":)", target_port, "}]}}"))
        .warnings;
  }
  void make_pod(std::string_view name, std::string_view app, std::string_view port) {
    const auto made = call(
        "POST", "/api/v1/namespaces/default/pods",
        text::cat(R"({"metadata":{"name":")", name, R"(","labels":{"app":")", app,
                  R"("}},"spec":{"containers":[{"name":"c","image":"i","ports":[)", port, "]}]}}"));
    EXPECT_EQ(made.status, 201) << made.message();
  }
};

TEST_F(Warnings, AServicesPortThatNoneOfItsPodsHas) {
  call("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  EXPECT_TRUE(of("POST", "early", R"("http")").empty()) << "its pods may come later";
  make_pod("other", "api", R"({"containerPort":80,"name":"http"})");
  EXPECT_TRUE(of("PUT", "early", R"("http")").empty()) << "that pod is none of its";
  make_pod("web", "web", R"({"containerPort":80,"name":"web"})");
  const auto told = of("PUT", "early", R"("http")");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0].contains("spec.ports[0].targetPort: no pod of the selector has a port named"))
      << told[0];
  EXPECT_TRUE(told[0].contains("theirs are named web")) << told[0];
  EXPECT_TRUE(of("POST", "right", R"("web")").empty());
  EXPECT_TRUE(of("POST", "number", "81").empty()) << "programs may listen where no pod says so";
}

TEST_F(Warnings, WhatAPodSaysTwice) {
  const std::string_view twice = R"({"name":"c","image":"i",
      "env":[{"name":"A","value":"1"},{"name":"A","value":"2"},{"name":"B","value":"1"},
             {"name":"B","value":"$(B)2"}],
      "ports":[{"name":"a","containerPort":80},{"name":"b","containerPort":80},
               {"containerPort":80,"protocol":"UDP"},{"containerPort":80,"hostPort":8080}]})";
  const auto template_of = [&](std::string_view containers) {
    return text::cat(
        R"({"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":)",
        R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[)", containers, "]}}}}");
  };
  const std::string at = "299 - \"spec.template.spec.containers[0].";
  const std::vector<std::string> expected = {
      at +
          "env[1]: hides previous definition of \\\"A\\\", which may be dropped when using apply\"",
      at + "ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]\"",
      at + "ports[3]: overlapping port definition with spec.template.spec.containers[0].ports[0]\"",
      at +
          "ports[3]: overlapping port definition with spec.template.spec.containers[0].ports[1]\""};
  const std::string all = "/apis/apps/v1/namespaces/default/deployments";
  const auto made = call("POST", all, template_of(twice));
  EXPECT_EQ(made.status, 201) << made.message();
  EXPECT_EQ(made.warnings, expected);
  const auto put = call("PUT", all + "/web", template_of(twice));
  EXPECT_EQ(put.status, 200) << put.message();
  EXPECT_EQ(put.warnings, expected);
  const auto applied = call(
      "PATCH", all + "/web?fieldManager=me&force=true",
      text::cat(R"({"apiVersion":"apps/v1","kind":"Deployment",)", template_of(twice).substr(1)),
      {{"Content-Type", "application/apply-patch+yaml"}});
  EXPECT_EQ(applied.status, 400) << "an apply cannot tell the two apart";
}

}  // namespace
}  // namespace nodal::master
