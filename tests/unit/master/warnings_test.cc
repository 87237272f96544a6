// tests/unit/master/warnings_test.cc — warnings of Services; those of Ingresses are in
// ingress_api_test.cc.
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

}  // namespace
}  // namespace nodal::master
