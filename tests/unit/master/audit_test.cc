// tests/unit/master/audit_test.cc — what the audit log tells, and what it never has in it.
#include "master/api/audit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

Call call(std::string_view method, std::string_view target, Caller caller = {"jane", {"dev"}, ""}) {
  Call out;
  out.request.method = method;
  out.request.target = target;
  out.request.peer_address = "192.0.2.1:4711";
  out.request.headers.set("Authorization", "Bearer hush");
  out.request.headers.set("User-Agent", "kubectl/v1.33");
  out.info = parse_request(method, target).value();
  out.caller = std::move(caller);
  return out;
}

const Caller node{"system:node:node1", {"system:nodes"}, ""};

TEST(Audit, ChangesStreamsSecretsAndRefusalsAreTold) {
  EXPECT_TRUE(is_audited(call("POST", "/api/v1/namespaces/default/pods"), 201));
  EXPECT_TRUE(is_audited(call("DELETE", "/api/v1/namespaces/default/pods/x"), 404));
  EXPECT_TRUE(is_audited(call("GET", "/api/v1/namespaces/default/secrets/x"), 200));
  EXPECT_TRUE(is_audited(call("GET", "/api/v1/namespaces/default/pods/x/exec?command=sh"), 101));
  EXPECT_TRUE(is_audited(call("POST", "/api/v1/namespaces/d/serviceaccounts/x/token"), 201));
  EXPECT_TRUE(is_audited(call("GET", "/api/v1/namespaces/default/pods"), 403));
  EXPECT_TRUE(is_audited(call("POST", "/api/v1/namespaces/default/pods", node), 201));
}

TEST(Audit, ReadsAndHeartbeatsAreNot) {
  EXPECT_FALSE(is_audited(call("GET", "/api/v1/namespaces/default/pods"), 200));
  EXPECT_FALSE(is_audited(call("GET", "/healthz"), 200));
  EXPECT_FALSE(is_audited(call("PATCH", "/api/v1/nodes/node1/status", node), 200));
  EXPECT_FALSE(is_audited(call("POST", "/api/v1/namespaces/default/events", node), 201));
  EXPECT_FALSE(is_audited(call("GET", "/api/v1/namespaces/default/secrets/x", node), 200))
      << "which the node may only read for its pods";
  EXPECT_FALSE(
      is_audited(call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"), 201));
}

TEST(Audit, ALineSaysWhoWhatAndWhereAndNoSecret) {
  auto request = call("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale?dryRun=All");
  request.request.body = R"({"hush":"hush"})";
  const auto line = audit_line(request, 200, TimePoint(std::chrono::seconds(1'800'000'000)));
  EXPECT_EQ(line.find("hush"), std::string::npos);
  const auto event = json::parse(line);
  EXPECT_EQ(event.at("apiVersion"), "audit.k8s.io/v1");
  EXPECT_EQ(event.at("verb"), "patch");
  EXPECT_EQ(event.at("user").at("username"), "jane");
  EXPECT_EQ(event.at("sourceIPs").at(0), "192.0.2.1");
  EXPECT_EQ(event.at("responseStatus").at("code"), 200);
  EXPECT_EQ(
      json::serialize(event.at("objectRef")),
      R"({"resource":"deployments","apiVersion":"v1","apiGroup":"apps","namespace":"shop","name":"web","subresource":"scale"})");
  EXPECT_EQ(event.at("annotations").at("authorization.k8s.io/decision"), "allow");
}

TEST(Audit, WhoWantsToBeSomebodyElseIsNamed) {
  const auto event = json::parse(audit_line(
      call("POST", "/api/v1/namespaces", {"bob", {"ops"}, "", "kubernetes-admin"}), 201, {}));
  EXPECT_EQ(event.at("user").at("username"), "kubernetes-admin");
  EXPECT_EQ(event.at("impersonatedUser").at("username"), "bob");
}

TEST(Audit, TheFileIsRotatedAndPrivate) {
  const std::string folder = text::cat("/tmp/nodal-audit-", ::getpid());
  ASSERT_TRUE(file::make_folders(folder));
  {
    const auto out = log::RotatedFile::open(folder + "/audit.log", 1000, 2).value();
    for (int i = 0; i < 100; ++i) out->write(text::cat("line ", i, " ", std::string(90, 'x')));
  }
  EXPECT_EQ(file::list(folder).value(),
            (std::vector<std::string>{"audit.1.log", "audit.2.log", "audit.log"}));
  const auto last = file::read(folder + "/audit.log").value();
  EXPECT_NE(last.find("line 99 "), std::string::npos);
  EXPECT_LE(last.size(), 1000u);
  struct stat status {};
  ASSERT_EQ(::stat((folder + "/audit.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_TRUE(file::remove_all(folder));
}

}  // namespace
}  // namespace nodal::master
