// tests/unit/master/review_api_test.cc — questions about users and tokens, and the keys that tokens
// are checked with.
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/support/served_api.h"

namespace nodal::master {
namespace {

namespace json = boost::json;

constexpr std::string_view kReviews = "/apis/authorization.k8s.io/v1/";

class Reviews : public ServedApi {
 protected:
  static ApiParts parts() {
    ApiParts out;
    out.authorize = [](const Caller& caller,
                       const RequestInfo& info) -> std::optional<std::string> {
      if (caller.user == "jane" && info.parameter("fieldSelector") != "spec.nodeName=n")
        return "not jane";
      return std::nullopt;
    };
    out.review_token = [](std::string_view token, const std::vector<std::string>& audiences) {
      return json::object{{"authenticated", token == "good" && audiences.size() == 1}};
    };
    out.issuer = "https://kubernetes.default.svc";
    out.jwks = R"({"keys":[]})";
    out.advertise_address = "192.0.2.1:6443";
    return out;
  }
  Reviews() : ServedApi(parts()) {}
};

TEST_F(Reviews, OfATokenKeepItToThemselves) {
  const auto out = call("POST", "/apis/authentication.k8s.io/v1/tokenreviews",
                        R"({"spec":{"token":"good","audiences":["me"]}})");
  EXPECT_EQ(out.status, 201) << out.message();
  EXPECT_EQ(out.body.at("status").at("authenticated"), true);
  EXPECT_EQ(out.body.at("spec"), json::parse(R"({"audiences":["me"]})"));
  EXPECT_EQ(call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", R"({"spec":{}})").status,
            400);
}

TEST_F(Reviews, OfAUserSeeSelectorsAndExtra) {
  const auto may = [&](std::string_view selector) {
    return call(
        "POST", text::cat(kReviews, "subjectaccessreviews"),
        text::cat(R"({"spec":{"user":"jane","extra":{"scopes":["a","b"]},)",
                  R"("resourceAttributes":{"verb":"list","resource":"pods","fieldSelector":)",
                  selector, "}}}"));
  };
  const auto yes = may(R"({"rawSelector":"spec.nodeName=n"})");
  EXPECT_EQ(yes.status, 201) << yes.message();
  EXPECT_TRUE(yes.warnings.empty()) << "known fields";
  EXPECT_EQ(yes.body.at("status").at("allowed"), true);
  EXPECT_EQ(may("{}").body.at("status").at("allowed"), false);
}

TEST_F(Reviews, OfANamespaceAreAboutIt) {
  const auto ask = [&](std::string_view ns) {
    return call(
        "POST", "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
        text::cat(R"({"spec":{"user":"joe","resourceAttributes":{"verb":"get","namespace":")", ns,
                  R"(","resource":"pods"}}})"));
  };
  EXPECT_EQ(ask("default").body.at("status").at("allowed"), true);
  EXPECT_EQ(ask("other").status, 400);
  EXPECT_EQ(ask("other").message(),
            "spec.resourceAttributes.namespace must match namespace: default");
}

TEST_F(Reviews, TheKeysOfTokensAreKnown) {
  const auto known = call("GET", "/.well-known/openid-configuration");
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(known.body.at("issuer"), "https://kubernetes.default.svc");
  EXPECT_EQ(known.body.at("jwks_uri"), "https://192.0.2.1:6443/openid/v1/jwks");
  EXPECT_EQ(call("GET", "/openid/v1/jwks").body, json::parse(R"({"keys":[]})"));
  EXPECT_EQ(call("POST", "/openid/v1/jwks").status, 405);
}

}  // namespace
}  // namespace nodal::master
