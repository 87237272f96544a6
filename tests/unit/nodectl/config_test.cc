// tests/unit/nodectl/config_test.cc — kubeconfigs as they are shown and changed, and what may be
// done as a table.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "nodectl/access_rules.h"
#include "nodectl/config_file.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

std::vector<ConfigFile> two_files() {
  return {{"/a/one", json::parse(R"({"contexts":[{"name":"z","context":{"cluster":"c","user":"u"}}],
        "users":[{"name":"u","user":{"token":"secret","client-key":"u.key"}}]})")
                         .as_object()},
          {"/b/two", json::parse(R"({"current-context":"z",
        "contexts":[{"name":"z","context":{"cluster":"hidden"}},{"name":"a","context":{}}],
        "clusters":[{"name":"c","cluster":{"server":"s","certificate-authority-data":"QQ=="}},
                    {"name":"d","cluster":{"server":"t"}}]})")
                         .as_object()}};
}

std::string text(const json::object& config, const char* pointer) {
  const json::value value(config);
  return json::serialize(value.at_pointer(pointer));
}

TEST(ConfigFiles, TheFirstOfTwoCountsAndPathsAreWhole) {
  const auto joined = joined_config(two_files());
  EXPECT_EQ(text(joined, "/current-context"), R"("z")");
  EXPECT_EQ(text(joined, "/contexts/0/name"), R"("a")") << "sorted";
  EXPECT_EQ(text(joined, "/contexts/1/context/cluster"), R"("c")");
  EXPECT_EQ(text(joined, "/users/0/user/client-key"), R"("/a/u.key")");
  EXPECT_EQ(text(joined_config({{"/nowhere"}}), "/clusters"), "null");
}

TEST(ConfigFiles, SecretsAreNotShown) {
  const auto shown = json::serialize(redacted_config(joined_config(two_files())));
  EXPECT_EQ(shown.find("secret"), std::string::npos);
  EXPECT_EQ(shown.find("QQ=="), std::string::npos);
}

TEST(ConfigFiles, MinifiedIsOneContext) {
  const auto config = joined_config(two_files());
  const auto small = minified_config(config, "");
  ASSERT_TRUE(small);
  EXPECT_EQ(small->at("clusters").as_array().size(), 1U);
  EXPECT_EQ(small->at("contexts").as_array().size(), 1U);
  EXPECT_FALSE(minified_config(config, "nobody"));
}

TEST(ConfigFiles, AChangeGoesToTheFileThatHasIt) {
  auto files = two_files();
  EXPECT_EQ(set_context(files, {.name = "a", .ns = "prod"}), std::pair(std::size_t{1}, false));
  EXPECT_EQ(text(files[1].document, "/contexts/1/context/namespace"), R"("prod")");
  EXPECT_EQ(set_context(files, {.name = "new", .ns = "n"}), std::pair(std::size_t{0}, true));
  EXPECT_EQ(text(files[0].document, "/contexts/1/context/namespace"), R"("n")");
  EXPECT_EQ(use_context(files, "a").value(), 1U) << "where it stood";
  EXPECT_EQ(text(files[1].document, "/current-context"), R"("a")");
  EXPECT_EQ(use_context(files, "nobody").error().message,
            "no context exists with the name: \"nobody\"");
}

TEST(AccessRules, OneLineAResourceSortedByVerbs) {
  const auto review = json::parse(R"({"status":{"resourceRules":[
    {"verbs":["get"],"apiGroups":[""],"resources":["pods"]},
    {"verbs":["create"],"apiGroups":["a.io"],"resources":["reviews"]},
    {"verbs":["list","get"],"apiGroups":[""],"resources":["pods"]}],
    "nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/healthz"]}]}})");
  EXPECT_EQ(access_rules(review),
            "reviews.a.io\t[]\t[]\t[create]\n"
            "pods\t[]\t[]\t[get list]\n"
            "\t[/healthz]\t[]\t[get]\n");
  EXPECT_TRUE(is_known_verb("deletecollection"));
  EXPECT_FALSE(is_known_verb("frob"));
}

}  // namespace
}  // namespace nodal::nodectl
