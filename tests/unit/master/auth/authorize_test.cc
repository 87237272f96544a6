// tests/unit/master/auth/authorize_test.cc — who may do what, as a table.
#include "master/auth/authorize.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nodal::master {
namespace {

const Identity admin{"admin", {"system:masters", "system:authenticated"}, ""};
const Identity jane{"jane", {"dev", "system:authenticated"}, ""};
const Identity anonymous{"system:anonymous", {"system:unauthenticated"}, ""};
const Identity node1{"system:node:node1", {"system:nodes", "system:authenticated"}, ""};
const Identity impostor{"system:node:node1", {"system:authenticated"}, ""};
const Identity controllers{"system:kube-controller-manager", {"system:authenticated"}, ""};
const Identity scheduler{"system:kube-scheduler", {"system:authenticated"}, ""};
const Identity ingress{"system:nodal-ingress", {"system:authenticated"}, ""};
const Identity proxy{"system:kube-proxy", {"system:node-proxier", "system:authenticated"}, ""};

// An Ingress has its certificate in Secret ns/site. On node1: pod ns/mine, which uses secret
// ns/key, ConfigMap ns/settings and account ns/robot.
const NodeFacts facts{[](const std::string& ns, const std::string& pod, const std::string& node) {
                        return ns == "ns" && pod == "mine" && node == "node1";
                      },
                      [](const std::string& resource, const std::string& ns,
                         const std::string& name, const std::string& node) {
                        return node == "node1" && ns == "ns" &&
                               ((resource == "secrets" && name == "key") ||
                                (resource == "configmaps" && name == "settings") ||
                                (resource == "serviceaccounts" && name == "robot"));
                      },
                      [](const std::string& ns, const std::string& secret) {
                        return ns == "ns" && secret == "site";
                      }};

// "get pods ns/mine", "patch nodes/status /node1", "list apps:deployments ns/", "list pods /
// selector".
Attributes on(const std::string& words) {
  const auto parts = text::split(words, ' ');
  Attributes a;
  a.is_resource = true;
  a.verb = parts[0];
  std::string resource(parts[1]);
  if (const auto colon = resource.find(':'); colon != std::string::npos) {
    a.group = resource.substr(0, colon);
    resource = resource.substr(colon + 1);
  }
  const auto slash = resource.find('/');
  a.resource = resource.substr(0, slash);
  if (slash != std::string::npos) a.subresource = resource.substr(slash + 1);
  if (parts.size() > 2) {
    const std::string where(parts[2]);
    a.namespace_ = where.substr(0, where.find('/'));
    a.name = where.substr(where.find('/') + 1);
  }
  if (parts.size() > 3) a.field_selector = parts[3];
  return a;
}
bool may(const Identity& identity, const std::string& words) {
  return !refuse(identity, on(words), facts);
}
bool may_read(const Identity& identity, const std::string& path, const std::string& verb = "get") {
  Attributes a;
  a.verb = verb;
  a.path = path;
  return !refuse(identity, a, facts);
}

void expect(const Identity& identity, bool allowed, std::initializer_list<const char*> requests) {
  for (const char* request : requests)
    EXPECT_EQ(may(identity, request), allowed) << identity.user << ": " << request;
}

TEST(Authorize, TheIngressReadsTheSecretsThatIngressesName) {
  EXPECT_TRUE(may(ingress, "get secrets ns/site"));
  EXPECT_TRUE(may(ingress, "watch secrets ns/ metadata.name=site"));
  EXPECT_FALSE(may(ingress, "get secrets ns/key"));
  EXPECT_FALSE(may(ingress, "get secrets other/site"));
  EXPECT_FALSE(may(ingress, "list secrets ns/"));
  EXPECT_FALSE(may(ingress, "update secrets ns/site"));
  EXPECT_FALSE(may(proxy, "get secrets ns/site"));
}

TEST(Authorize, MastersMayEverythingAndOthersNothingOfTheirOwn) {
  expect(admin, true, {"delete nodes /node1", "get secrets ns/key", "escalate x:anything a/b"});
  expect(jane, false, {"get pods ns/mine", "list nodes", "create pods ns/", "get secrets ns/key"});
  expect(anonymous, false, {"get pods ns/mine", "list namespaces"});
}

TEST(Authorize, HealthIsForEverybodyAndDiscoveryForThoseWeKnow) {
  for (const char* path : {"/healthz", "/livez", "/readyz", "/readyz/store", "/version"})
    EXPECT_TRUE(may_read(anonymous, path)) << path;
  for (const char* path : {"/api", "/api/v1", "/apis", "/apis/apps/v1", "/openapi/v3",
                           "/openid/v1/jwks", "/.well-known/openid-configuration"}) {
    EXPECT_TRUE(may_read(jane, path)) << path;
    EXPECT_FALSE(may_read(anonymous, path)) << path;
  }
  for (const char* path : {"/metrics", "/", "/healthzz", "/apix", "/debug"})
    EXPECT_FALSE(may_read(jane, path)) << path;
  EXPECT_TRUE(may_read(admin, "/metrics"));
  EXPECT_FALSE(may_read(jane, "/healthz", "post"));
}

TEST(Authorize, ANodeTouchesItselfOnly) {
  expect(
      node1, true,
      {"create nodes", "get nodes /node1", "list nodes", "get nodes /node2", "patch nodes /node1",
       "update nodes /node1", "patch nodes/status /node1", "update nodes/status /node1"});
  expect(node1, false,
         {"patch nodes /node2", "patch nodes/status /node2", "delete nodes /node1",
          "delete nodes /node2", "patch nodes/proxy /node1"});
}

TEST(Authorize, ANodeSeesAndReportsItsPodsOnly) {
  expect(node1, true,
         {"list pods / spec.nodeName=node1", "watch pods / spec.nodeName=node1",
          "watch pods / status.phase!=Failed,spec.nodeName=node1", "get pods ns/mine",
          "delete pods ns/mine", "patch pods/status ns/mine"});
  expect(
      node1, false,
      {"list pods", "list pods /", "list pods / spec.nodeName=node2",
       "list pods / spec.nodeName!=node1", "list pods / x.spec.nodeName=node1", "get pods ns/other",
       "patch pods/status ns/other", "delete pods ns/other", "patch pods ns/mine",
       "create pods ns/", "create pods/binding ns/mine", "create pods/exec ns/mine"});
}

TEST(Authorize, ANodeReadsWhatItsPodsUse) {
  expect(node1, true,
         {"get secrets ns/key", "get configmaps ns/settings",
          "watch configmaps ns/ metadata.name=settings", "create serviceaccounts/token ns/robot",
          "get serviceaccounts ns/robot"});
  expect(
      node1, false,
      {"get secrets ns/other", "get secrets other/key", "list secrets ns/", "list secrets",
       "update secrets ns/key", "watch secrets ns/ metadata.name=other", "watch secrets ns/ type=x",
       "create serviceaccounts/token ns/default", "list serviceaccounts ns/"});
}

TEST(Authorize, ANodeRenewsItsOwnLease) {
  expect(node1, true,
         {"create coordination.k8s.io:leases kube-node-lease/",
          "update coordination.k8s.io:leases kube-node-lease/node1"});
  expect(node1, false,
         {"update coordination.k8s.io:leases kube-node-lease/node2",
          "create coordination.k8s.io:leases kube-system/"});
}

TEST(Authorize, ANodeIsOneByItsGroup) {
  expect(impostor, false, {"list nodes", "patch nodes/status /node1", "get pods ns/mine"});
}

TEST(Authorize, TheSystemsPartsMayWhatTheyDo) {
  expect(controllers, true,
         {"list pods", "create pods ns/", "delete apps:replicasets ns/x",
          "update apps:deployments/status ns/x", "create discovery.k8s.io:endpointslices ns/",
          "update namespaces/finalize /ns", "patch nodes /node1"});
  expect(controllers, false,
         {"create secrets ns/", "create nodes", "create serviceaccounts/token ns/x",
          "create pods/exec ns/x"});
  expect(scheduler, true,
         {"list pods", "watch nodes", "create pods/binding ns/x", "patch pods/status ns/x",
          "create events.k8s.io:events ns/"});
  expect(scheduler, false,
         {"get secrets ns/x", "delete pods ns/x", "create pods ns/", "patch nodes /n"});
  expect(proxy, true,
         {"list services", "watch discovery.k8s.io:endpointslices", "get nodes /n",
          "create events.k8s.io:events ns/"});
  expect(proxy, false, {"list pods", "get secrets ns/x", "update services ns/x"});
}

TEST(Authorize, ARefusalSaysWhatWasRefused) {
  EXPECT_EQ(refuse(jane, on("get pods/log ns/x"), facts),
            "User \"jane\" cannot get resource \"pods/log\" in API group \"\" in the namespace "
            "\"ns\"");
  EXPECT_EQ(refuse(jane, on("list nodes"), facts),
            "User \"jane\" cannot list resource \"nodes\" in API group \"\" at the cluster scope");
  Attributes path;
  path.verb = "get";
  path.path = "/metrics";
  EXPECT_EQ(refuse(jane, path, facts), "User \"jane\" cannot get path \"/metrics\"");
}

TEST(Authorize, WhatSomebodyMayCanBeListed) {
  const auto masters = rules_of({"a", {"system:masters"}, ""});
  EXPECT_TRUE(masters.is_complete);
  EXPECT_EQ(masters.rules.at(0).verbs, (std::vector<std::string_view>{"*"}));
  const auto guest = rules_of({"system:anonymous", {}, ""});
  ASSERT_EQ(guest.rules.size(), 1u) << "health and version alone";
  EXPECT_TRUE(guest.rules[0].resources.empty());
  EXPECT_FALSE(
      rules_of({"system:node:n", {"system:nodes", "system:authenticated"}, ""}).is_complete);
}

}  // namespace
}  // namespace nodal::master
