// tests/unit/master/request_info_test.cc — which request line asks for what.
#include "master/api/request_info.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nodal::master {
namespace {

// "verb group/version resource ns name sub rest"
std::string told(std::string_view method, std::string_view target) {
  const auto info = parse_request(method, target);
  if (!info) return "error";
  if (!info->is_resource) return text::cat(info->verb, " ", info->path);
  std::string out =
      text::cat(info->verb, " ", info->group, "/", info->version, " ", info->resource,
                " ns=", info->namespace_, " name=", info->name, " sub=", info->subresource);
  for (const auto& part : info->rest) out += " +" + part;
  return out;
}

TEST(RequestInfo, TellsVerbsApart) {
  EXPECT_EQ(told("GET", "/api/v1/pods"), "list /v1 pods ns= name= sub=");
  EXPECT_EQ(told("GET", "/api/v1/pods?watch=true"), "watch /v1 pods ns= name= sub=");
  EXPECT_EQ(told("GET", "/api/v1/pods?watch=0"), "list /v1 pods ns= name= sub=");
  EXPECT_EQ(told("GET", "/api/v1/watch/pods"), "watch /v1 pods ns= name= sub=");
  EXPECT_EQ(told("GET", "/api/v1/namespaces/a/pods/b"), "get /v1 pods ns=a name=b sub=");
  EXPECT_EQ(told("HEAD", "/api/v1/namespaces/a/pods/b"), "get /v1 pods ns=a name=b sub=");
  EXPECT_EQ(told("POST", "/api/v1/namespaces/a/pods"), "create /v1 pods ns=a name= sub=");
  EXPECT_EQ(told("PUT", "/apis/apps/v1/namespaces/a/deployments/d"),
            "update apps/v1 deployments ns=a name=d sub=");
  EXPECT_EQ(told("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale"),
            "patch apps/v1 deployments ns=a name=d sub=scale");
  EXPECT_EQ(told("DELETE", "/api/v1/namespaces/a/pods/b"), "delete /v1 pods ns=a name=b sub=");
  EXPECT_EQ(told("DELETE", "/api/v1/namespaces/a/pods"),
            "deletecollection /v1 pods ns=a name= sub=");
}

TEST(RequestInfo, ANamespaceIsAResourceToo) {
  EXPECT_EQ(told("GET", "/api/v1/namespaces"), "list /v1 namespaces ns= name= sub=");
  EXPECT_EQ(told("GET", "/api/v1/namespaces/a"), "get /v1 namespaces ns=a name=a sub=");
  EXPECT_EQ(told("PUT", "/api/v1/namespaces/a/finalize"),
            "update /v1 namespaces ns=a name=a sub=finalize");
  EXPECT_EQ(told("PATCH", "/api/v1/namespaces/a/status"),
            "patch /v1 namespaces ns=a name=a sub=status");
}

TEST(RequestInfo, TheTailOfAProxyRequestIsLeftAsItCame) {
  const auto tail = [](std::string_view target) {
    const auto info = parse_request("GET", target);
    return info ? text::cat(info->resource, " ", info->name, " ", info->tail) : "error";
  };
  EXPECT_EQ(tail("/api/v1/namespaces/a/pods/http:b:80/proxy"), "pods http:b:80 ");
  EXPECT_EQ(tail("/api/v1/namespaces/a/pods/b/proxy/"), "pods b /");
  EXPECT_EQ(tail("/api/v1/nodes/n/proxy//x/a%2Fb%0a/?q=/z"), "nodes n //x/a%2Fb%0a/");
  EXPECT_EQ(tail("/api/v1/nodes/n/proxy/proxy/x"), "nodes n /proxy/x");
  for (const char* wrong : {"/api/v1/nodes/n/proxy/a/../b", "/api/v1/nodes/n/proxy/%2e%2e/b",
                            "/api/v1/nodes/a%2Fb/proxy/x", "/api/v1/nodes/n/status/a%2Fb",
                            "/api/v1/nodes/n/proxy/%zz", "/healthz/a%2Fb"})
    EXPECT_EQ(tail(wrong), "error") << wrong;
}

TEST(RequestInfo, WhatIsNoResource) {
  for (const char* path : {"/", "/healthz", "/version", "/api", "/apis", "/api/v1", "/apis/apps",
                           "/apis/apps/v1", "/openapi/v3/api/v1"})
    EXPECT_EQ(told("GET", path), text::cat("get ", path));
}

TEST(RequestInfo, ProxyPathsKeepTheirTail) {
  EXPECT_EQ(told("GET", "/api/v1/nodes/n1/proxy/stats/summary"),
            "get /v1 nodes ns= name=n1 sub=proxy +stats +summary");
}

TEST(RequestInfo, DecodesSegmentsAndParameters) {
  EXPECT_EQ(told("GET", "/api/v1/namespaces/a/events/x%3Ay"), "get /v1 events ns=a name=x:y sub=");
  const auto info =
      parse_request("GET", "/api/v1/pods?labelSelector=a%3Db%2Cc+in+%28d%29&limit=5&watch");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->parameter("labelSelector"), "a=b,c in (d)");
  EXPECT_EQ(info->parameter("limit"), "5");
  EXPECT_EQ(info->verb, "watch");
}

TEST(RequestInfo, RefusesWhatCouldLeaveItsPlace) {
  for (const char* target : {"/api/v1/namespaces/../pods", "/api/v1/namespaces/%2e%2e/pods",
                             "/api/v1/namespaces/a%2Fb/pods", "/api/v1/./pods", "/api/v1/pods/%00",
                             "/api/v1/pods/%zz", "/api/v1/pods/%4", "/api/v1/pods/a%5Cb",
                             "api/v1/pods", "", "http://other/api", "/api/v1/pods?%zz=1"})
    EXPECT_EQ(told("GET", target), "error") << target;
  EXPECT_EQ(told("GET", "/" + std::string(9000, 'a')), "error");
}

}  // namespace
}  // namespace nodal::master
