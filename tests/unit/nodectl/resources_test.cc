// tests/unit/nodectl/resources_test.cc — the names that people type, from the server's discovery.
#include "nodectl/resources.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

// Answers paths with texts; 404 for others.
class Pages final : public client::Transport {
 public:
  explicit Pages(std::map<std::string, std::string> pages) : pages_(std::move(pages)) {}
  Result<http::Response> send(const http::Request& request, std::stop_token) override {
    http::Response response;
    const auto it = pages_.find(request.target);
    response.status = it == pages_.end() ? 404 : 200;
    response.append(it == pages_.end()
                        ? R"({"kind":"Status","message":"not here","reason":"NotFound"})"
                        : it->second);
    return response;
  }
  Result<http::Response> stream(const http::Request& request,
                                const std::function<bool(std::string_view)>&,
                                std::stop_token stop) override {
    return send(request, stop);
  }

 private:
  const std::map<std::string, std::string> pages_;
};

const std::map<std::string, std::string> served{
    {"/api/v1", R"({"resources":[
        {"name":"pods","singularName":"pod","kind":"Pod","namespaced":true,"shortNames":["po"],"categories":["all"]},
        {"name":"pods/log","kind":"Pod","namespaced":true},
        {"name":"nodes","singularName":"node","kind":"Node","namespaced":false,"shortNames":["no"]},
        {"name":"endpoints","singularName":"","kind":"Endpoints","namespaced":true,"shortNames":["ep"]},
        {"name":"events","singularName":"event","kind":"Event","namespaced":true,"shortNames":["ev"]}]})"},
    {"/apis", R"({"groups":[{"name":"apps","versions":[{"version":"v1"}]},
        {"name":"events.k8s.io","versions":[{"version":"v1"}]}]})"},
    {"/apis/apps/v1", R"({"resources":[
        {"name":"deployments","singularName":"deployment","kind":"Deployment","namespaced":true,"shortNames":["deploy"],"categories":["all"]}]})"},
    {"/apis/events.k8s.io/v1", R"({"resources":[
        {"name":"events","singularName":"event","kind":"Event","namespaced":true,"shortNames":["ev"]}]})"}};

class ResourceNames : public testing::Test {
 protected:
  static Result<Resources> discover(const std::map<std::string, std::string>& pages) {
    client::Client client(std::make_shared<Pages>(pages), "test/1");
    return Resources::discover(client);
  }
  [[nodiscard]] std::string found(std::string_view name) const {
    const auto kind = resources.by_name(name);
    return kind ? kind->path("ns", "x") : "error: " + kind.error().message;
  }
  const Resources resources = discover(served).value();
};

TEST_F(ResourceNames, PluralsSingularsShortNamesAndGroupsAreOneThing) {
  for (const char* name : {"pods", "pod", "po", "Pods", "POD"})
    EXPECT_EQ(found(name), "/api/v1/namespaces/ns/pods/x") << name;
  for (const char* name : {"deployments", "deployment", "deploy", "deployments.apps",
                           "deployment.apps", "deployments.v1.apps"})
    EXPECT_EQ(found(name), "/apis/apps/v1/namespaces/ns/deployments/x") << name;
  EXPECT_EQ(found("no"), "/api/v1/nodes/x") << "of the cluster, in no namespace";
  EXPECT_EQ(found("endpoints"), "/api/v1/namespaces/ns/endpoints/x") << "without a singular name";
}

TEST_F(ResourceNames, TheCoreGroupGoesFirstAndAGroupMayBeNamed) {
  EXPECT_EQ(found("events"), "/api/v1/namespaces/ns/events/x");
  EXPECT_EQ(found("events.events.k8s.io"), "/apis/events.k8s.io/v1/namespaces/ns/events/x");
}

TEST_F(ResourceNames, WhatIsNotServedIsAnErrorWithWhatIsNear) {
  EXPECT_EQ(found("deploymint"),
            "error: the server doesn't have a resource type \"deploymint\"\nhint: did you mean "
            "deployments");
  for (const char* name : {"", "x", "pods/log", "pods.apps", "po.apps"})
    EXPECT_TRUE(found(name).starts_with("error")) << name;
}

TEST_F(ResourceNames, ACategoryMeansItsKinds) {
  const auto all = resources.meant_by("all").value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].plural, "pods");
  EXPECT_EQ(all[1].plural, "deployments");
  EXPECT_EQ(resources.meant_by("no").value().front().plural, "nodes");
  EXPECT_FALSE(resources.meant_by("none"));
}

TEST_F(ResourceNames, KindsAreFoundWithTheirVersion) {
  EXPECT_EQ(resources.by_kind("apps/v1", "Deployment")->plural, "deployments");
  EXPECT_EQ(resources.by_kind("v1", "Pod")->plural, "pods");
  EXPECT_EQ(resources.by_kind("apps/v1beta1", "Deployment").error().message,
            "no matches for kind \"Deployment\" in version \"apps/v1beta1\"\nensure CRDs are "
            "installed first\nhint: it is served in "
            "version apps/v1");
  EXPECT_FALSE(resources.by_kind("v1", "Deployment"));
  EXPECT_FALSE(resources.by_kind("v1", "pod")) << "kinds are written exactly";
}

TEST_F(ResourceNames, TheyArePrintedAsKubectlPrintsThem) {
  EXPECT_EQ(resources.by_name("po")->printed(), "pod");
  EXPECT_EQ(resources.by_name("deploy")->printed(), "deployment.apps");
  EXPECT_EQ(resources.by_name("po")->path("a b", "x/y"), "/api/v1/namespaces/a%20b/pods/x%2Fy");
  EXPECT_EQ(resources.by_name("po")->path(""), "/api/v1/pods");
}

TEST_F(ResourceNames, SubresourcesAreNotResources) { EXPECT_EQ(resources.all().size(), 6u); }

TEST_F(ResourceNames, ADiscoveryThatFailsIsAnError) {
  EXPECT_FALSE(discover({}));
  EXPECT_FALSE(discover({{"/api/v1", "[]"}, {"/apis", "{}"}}));
  EXPECT_FALSE(discover({{"/api/v1", "{}"}, {"/apis", "nonsense"}}));
  EXPECT_FALSE(
      discover({{"/api/v1", "{}"},
                {"/apis", R"({"groups":[{"name":"gone","versions":[{"version":"v1"}]}]})"}}));
  EXPECT_TRUE(discover({{"/api/v1", "{}"}, {"/apis", "{}"}}));
}

}  // namespace
}  // namespace nodal::nodectl
