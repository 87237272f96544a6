// tests/unit/agent/pod/pull_secrets_test.cc — which login goes to which registry.
#include "agent/pod/pull_secrets.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nodal::agent {
namespace {

core_v1::Secret secret(const std::string& data, bool whole = true) {
  core_v1::Secret out;
  out.metadata.name = "pull";
  out.type = whole ? "kubernetes.io/dockerconfigjson" : "kubernetes.io/dockercfg";
  out.data[whole ? ".dockerconfigjson" : ".dockercfg"] = data;
  return out;
}

/// The users that an image is tried as, with a secret that has one entry (its own user) a registry.
std::vector<std::string> users(const std::vector<std::string>& registries,
                               const std::string& image) {
  std::string entries;
  for (const auto& registry : registries)
    entries += (entries.empty() ? "\"" : ",\"") + registry + R"(":{"username":")" + registry +
               R"(","password":"p"})";
  Keyring ring;
  EXPECT_TRUE(ring.add(secret("{\"auths\":{" + entries + "}}")));
  std::vector<std::string> out;
  for (const auto& login : ring.logins(image)) out.push_back(login.username);
  return out;
}
using Users = std::vector<std::string>;

TEST(Keyring, MatchesHostPortAndPath) {
  EXPECT_EQ(users({"r.example"}, "r.example/app:1"), Users{"r.example"});
  EXPECT_EQ(users({"r.example"}, "other.example/app:1"), Users{});
  EXPECT_EQ(users({"r.example"}, "r.example:5000/app:1"), Users{});
  EXPECT_EQ(users({"r.example:5000"}, "r.example:5000/app:1"), Users{"r.example:5000"});
  EXPECT_EQ(users({"r.example/team"}, "r.example/team/app:1"), Users{"r.example/team"});
  EXPECT_EQ(users({"r.example/team"}, "r.example/other/app:1"), Users{});
  EXPECT_EQ(users({"https://r.example/v2/"}, "r.example/app@sha256:00"),
            Users{"https://r.example/v2/"});
}

TEST(Keyring, GlobsStandForPartsOfAHostOnly) {
  EXPECT_EQ(users({"*.example"}, "r.example/app"), Users{"*.example"});
  EXPECT_EQ(users({"*.example"}, "a.r.example/app"), Users{});
  EXPECT_EQ(users({"*.example"}, "r.example:5000/app"), Users{});
  EXPECT_EQ(users({"r?.*.example"}, "r1.eu.example/app"), Users{"r?.*.example"});
  EXPECT_EQ(users({"*"}, "r.example/app"), Users{});
  EXPECT_EQ(users({"*a*a*a*a*a.example"}, "aaaaaaaaaa.example/app"), Users{});  // too many
}

TEST(Keyring, TheNearerEntryComesFirst) {
  EXPECT_EQ(users({"*.example", "r.example", "r.example/team"}, "r.example/team/app"),
            (Users{"r.example/team", "r.example", "*.example"}));
}

TEST(Keyring, TheHubHasSeveralNames) {
  for (const std::string entry : {"https://index.docker.io/v1/", "index.docker.io", "docker.io"})
    for (const std::string image : {"app", "team/app:1", "docker.io/team/app"})
      EXPECT_EQ(users({entry}, image), Users{entry}) << entry << " " << image;
  EXPECT_EQ(users({"index.docker.io"}, "localhost/app"), Users{});
  EXPECT_EQ(users({"index.docker.io"}, "r.example/app"), Users{});
}

TEST(Keyring, AuthWinsOverNameAndPassword) {
  Keyring ring;
  const auto auth = text::base64("me:a:b");
  ASSERT_TRUE(ring.add(secret(R"({"r.example":{"username":"x","password":"y","auth":")" +
                                  auth.substr(0, auth.find('=')) + "\"}}",
                              false)));
  EXPECT_EQ(ring.logins("r.example/app"), (std::vector<RegistryLogin>{{"me", "a:b"}}));
}

TEST(Keyring, WhatCannotBeReadIsRefusedWithoutItsData) {
  for (const std::string data :
       {"", "[]", "{", R"({"auths":1})", R"({"auths":{"r":"hunter2"}})",
        R"({"auths":{"r":{"auth":"hunter2!"}}})", R"({"auths":{"r":{"auth":"aHVudGVyMg=="}}})"}) {
    Keyring ring;
    const auto added = ring.add(secret(data));
    ASSERT_FALSE(added) << data;
    EXPECT_EQ(added.error().code, Errc::invalid);
    EXPECT_NE(added.error().message.find("\"pull\""), std::string::npos);
    EXPECT_EQ(added.error().message.find("hunter"), std::string::npos);
  }
  Keyring ring;
  core_v1::Secret other = secret("{");
  other.type = "Opaque";
  EXPECT_TRUE(ring.add(other));
  EXPECT_TRUE(ring.add(secret("{}")));
}

TEST(RegistryAuth, IsJsonInUrlSafeBase64) {
  EXPECT_EQ(registry_auth({"u", "p"}), text::base64(R"({"username":"u","password":"p"})"));
  const auto odd = registry_auth({"u", "\xc3\xbf\xc3\xbf>>>???~~~"});
  EXPECT_EQ(odd.find_first_of("+/"), std::string::npos) << odd;
}

}  // namespace
}  // namespace nodal::agent
