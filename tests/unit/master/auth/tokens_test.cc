// tests/unit/master/auth/tokens_test.cc — tokens of service accounts, and who a request comes from.
#include "master/auth/tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "master/auth/authenticate.h"

namespace nodal::master {
namespace {

using namespace std::chrono_literals;

const TimePoint t0{std::chrono::seconds(1'800'000'000)};

class TokensTest : public testing::Test {
 protected:
  TokensTest() {
    char name[] = "/tmp/nodal-tokens-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~TokensTest() override { static_cast<void>(file::remove_all(folder)); }

  [[nodiscard]] Tokens open(const std::string& name = "sa.key",
                            const std::string& issuer = "https://cluster") const {
    return Tokens::open(folder + "/" + name, issuer).value();
  }
  static std::string why(const Result<TokenClaims>& claims) {
    return claims ? "valid" : claims.error().message;
  }

  std::string folder;
  TokenClaims claims{"ns", "robot", "u1", {"Pod", "pod1", "u2"}, {"api", "vault"}, t0, t0 + 1h};
};

TEST_F(TokensTest, WhatWasSignedIsRead) {
  const auto tokens = open();
  const auto token = tokens.sign(claims).value();
  const auto read = tokens.verify(token, "api", t0 + 1min);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->namespace_, "ns");
  EXPECT_EQ(read->account, "robot");
  EXPECT_EQ(read->account_uid, "u1");
  EXPECT_EQ(read->bound.kind, "Pod");
  EXPECT_EQ(read->bound.name, "pod1");
  EXPECT_EQ(read->bound.uid, "u2");
  EXPECT_EQ(read->audiences, (std::vector<std::string>{"api", "vault"}));
  EXPECT_EQ(read->expires, t0 + 1h);
  EXPECT_NE(tokens.sign(claims).value(), token) << "each has a number of its own";
}

TEST_F(TokensTest, ATokenIsBoundToAnObjectOfThreeKindsOrToNone) {
  const auto tokens = open();
  for (const char* kind : {"Pod", "Secret", "Node"}) {
    claims.bound = {kind, "x", "u9"};
    const auto read = tokens.verify(tokens.sign(claims).value(), "api", t0).value();
    EXPECT_EQ(read.bound.kind, kind);
    EXPECT_EQ(read.bound.name, "x");
    EXPECT_EQ(read.bound.uid, "u9");
  }
  claims.bound = {};
  EXPECT_EQ(tokens.verify(tokens.sign(claims).value(), "api", t0).value().bound.kind, "");
}

TEST_F(TokensTest, TheKeyIsKeptAndPrivate) {
  const auto token = open().sign(claims).value();
  EXPECT_EQ(why(open().verify(token, "api", t0)), "valid");
  struct stat st {};
  ASSERT_EQ(::stat((folder + "/sa.key").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
  ASSERT_TRUE(file::write(folder + "/bad.key", "nonsense"));
  EXPECT_FALSE(Tokens::open(folder + "/bad.key", "x"));
}

TEST_F(TokensTest, TimesAndAudiencesAreChecked) {
  const auto tokens = open();
  const auto token = tokens.sign(claims).value();
  EXPECT_EQ(why(tokens.verify(token, "vault", t0)), "valid");
  EXPECT_EQ(why(tokens.verify(token, "other", t0)), "invalid bearer token: for another audience");
  EXPECT_EQ(why(tokens.verify(token, "", t0)), "invalid bearer token: for another audience");
  EXPECT_EQ(why(tokens.verify(token, "api", t0 + 1h)), "invalid bearer token: expired");
  EXPECT_EQ(why(tokens.verify(token, "api", t0 - 1h)), "invalid bearer token: not valid yet");
  EXPECT_EQ(why(tokens.verify(token, "api", t0 - 30s)), "valid") << "clocks differ a little";
}

TEST_F(TokensTest, OthersTokensAreRefused) {
  const auto token = open("other.key").sign(claims).value();
  EXPECT_EQ(why(open().verify(token, "api", t0)),
            "invalid bearer token: not signed by this cluster");
  const auto elsewhere = open("sa.key", "https://elsewhere").sign(claims).value();
  EXPECT_EQ(why(open().verify(elsewhere, "api", t0)), "invalid bearer token: another issuer");
}

TEST_F(TokensTest, NothingOfATokenMayBeChanged) {
  const auto tokens = open();
  const auto token = tokens.sign(claims).value();
  const auto last = token.rfind('.');
  int refused = 0, tried = 0;
  for (std::size_t i = 0; i < token.size(); i += 3) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'Z' : 'A';
    // The last letter of each part holds bits that nobody reads.
    if (changed == token || i + 1 == token.size()) continue;
    ++tried;
    const auto read = tokens.verify(changed, "api", t0);
    refused += !read;
    if (!read) {
      EXPECT_EQ(read.error().message.find(changed.substr(last)), std::string::npos);
    }
  }
  EXPECT_EQ(refused, tried);
  EXPECT_GT(tried, 100);
}

TEST_F(TokensTest, UnsignedAndMalformedTokensAreRefused) {
  const auto tokens = open();
  const auto token = tokens.sign(claims).value();
  const auto body = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
  // {"alg":"none"} and {"alg":"HS256"}
  for (const std::string& bad :
       {std::string(), std::string("a"), std::string("a.b"), std::string("a.b.c.d"),
        std::string("..."), std::string(100'000, 'a'), "eyJhbGciOiJub25lIn0" + body + ".",
        "eyJhbGciOiJIUzI1NiJ9" + body + token.substr(token.rfind('.')), token + "=",
        token.substr(0, token.size() - 4)})
    EXPECT_FALSE(tokens.verify(bad, "api", t0)) << bad.substr(0, 40);
}

TEST_F(TokensTest, TheKeySetHoldsThePublicKeyOnly) {
  const auto tokens = open();
  const auto set = tokens.jwks();
  for (const char* part : {"\"kty\":\"EC\"", "\"alg\":\"ES256\"", "\"crv\":\"P-256\"", "\"kid\""})
    EXPECT_NE(set.find(part), std::string::npos) << part;
  EXPECT_EQ(set.find("\"d\""), std::string::npos);
}

class StoppedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return t0; }
};

class Authentication : public TokensTest {
 protected:
  std::string who(const http::Request& request) {
    const auto identity = authenticator.identify(request);
    if (!identity) return "error: " + identity.error().message;
    return identity->user + " [" + text::join(identity->groups, ",") + "]";
  }
  static http::Request with(const std::string& authorization) {
    http::Request request;
    request.headers.add("Authorization", authorization);
    return request;
  }

  StoppedClock clock;
  bool bound = true;
  Tokens tokens = open();
  Authenticator authenticator{tokens, "api", clock, [this](const TokenClaims&) { return bound; }};
};

TEST_F(Authentication, WithoutCredentialsARequestIsAnonymous) {
  EXPECT_EQ(who({}), "system:anonymous [system:unauthenticated]");
}

TEST_F(Authentication, ACertificateSaysTheUserAndTheGroups) {
  http::Request request;
  request.certificate = http::PeerCertificate{"jane", {"dev"}};
  EXPECT_EQ(who(request), "jane [dev,system:authenticated]");
  request.certificate->common_name = "";
  EXPECT_EQ(who(request), "system:anonymous [system:unauthenticated]");
}

TEST_F(Authentication, ATokenSaysItsServiceAccount) {
  const auto token = tokens.sign(claims).value();
  const std::string robot =
      "system:serviceaccount:ns:robot "
      "[system:serviceaccounts,system:serviceaccounts:ns,system:authenticated]";
  EXPECT_EQ(who(with("Bearer " + token)), robot);
  EXPECT_EQ(who(with("bearer " + token)), robot) << "the scheme's case does not matter";
  bound = false;
  EXPECT_EQ(who(with("Bearer " + token)),
            "error: invalid bearer token: what it was bound to is gone");
}

TEST_F(Authentication, ACertificateThatDoesNotVerifyIsNobodysUnlessATokenSaysWhose) {
  http::Request request;
  request.has_unverified_certificate = true;
  EXPECT_EQ(who(request), "error: the client certificate does not verify");
  request.headers.add("Authorization", "Bearer " + tokens.sign(claims).value());
  EXPECT_TRUE(who(request).starts_with("system:serviceaccount:ns:robot ")) << who(request);
}

TEST_F(Authentication, BadCredentialsAreNotTakenForNone) {
  EXPECT_TRUE(who(with("Bearer nonsense")).starts_with("error: invalid bearer token"));
  EXPECT_TRUE(who(with("Bearer ")).starts_with("error"));
  EXPECT_TRUE(who(with("Basic YTpi")).starts_with("error: only client certificates"));
}

TEST(Impersonation, NamesAUserAndItsGroups) {
  http::Request request;
  EXPECT_FALSE(impersonated(request).value());
  request.headers.add("Impersonate-Group", "dev");
  EXPECT_FALSE(impersonated(request)) << "a group without a user";
  request.headers.add("Impersonate-User", "jane");
  EXPECT_EQ(**impersonated(request), (Identity{"jane", {"dev", "system:authenticated"}, ""}));
  request.headers.add("Impersonate-Group", "dev");
  request.headers.add("Impersonate-Group", "system:authenticated");
  request.headers.add("impersonate-extra-scopes", "a");
  request.headers.add("Impersonate-Extra-Scopes", "b");
  request.headers.add("Impersonate-Extra-Acme.com%2fProject", "x");
  EXPECT_EQ(**impersonated(request),
            (Identity{"jane",
                      {"dev", "system:authenticated"},
                      "",
                      {{"scopes", {"a", "b"}}, {"acme.com/project", {"x"}}}}))
      << "nothing twice";
}

TEST(Impersonation, AServiceAccountHasItsGroups) {
  const auto groups = [](std::string_view user, std::string_view group = "") {
    http::Request request;
    request.headers.add("Impersonate-User", user);
    if (!group.empty()) request.headers.add("Impersonate-Group", group);
    return (**impersonated(request)).groups;
  };
  using Groups = std::vector<std::string>;
  EXPECT_EQ(
      groups("system:serviceaccount:shop:robot"),
      (Groups{"system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"}));
  EXPECT_EQ(groups("system:serviceaccount:shop:robot", "dev"),
            (Groups{"dev", "system:authenticated"}))
      << "who names groups means those";
  EXPECT_EQ(groups("system:serviceaccount:shop"), (Groups{"system:authenticated"}));
  EXPECT_EQ(groups("system:anonymous"), (Groups{"system:unauthenticated"}));
  EXPECT_EQ(groups("jane", "system:unauthenticated"), (Groups{"system:unauthenticated"}));
}

}  // namespace
}  // namespace nodal::master
