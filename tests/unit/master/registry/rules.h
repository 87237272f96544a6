// tests/unit/master/registry/rules.h — what becomes of a new object, for the tests of the rules.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <stdexcept>

#include "base/text.h"
#include "master/api/documents.h"

namespace nodal::master::rules {

namespace json = boost::json;

inline const schema::Resource& resource_of(std::string_view plural) {
  for (const std::string_view group : {"", "apps", "networking.k8s.io"})
    if (const auto* found = schema::find_resource(group, "v1", plural)) return *found;
  throw std::invalid_argument(std::string(plural));
}

// All that is wrong with a new object, a line each; "" when it may be.
inline std::string refusal(std::string_view plural, std::string_view text) {
  auto object = json::parse(text).as_object();
  object["metadata"] = json::object{{"name", "x"}, {"namespace", "default"}};
  const auto prepared = prepare_new(resource_of(plural), object);
  if (prepared) return "";
  std::string out;
  for (const auto& cause : prepared.error().causes)
    out += text::cat(out.empty() ? "" : "\n", cause.field, ": ", cause.message);
  return out;
}

inline std::string pod(std::string_view container, std::string_view spec = "") {
  return text::cat(R"({"spec":{"containers":[{"name":"c","image":"i:1")",
                   container.empty() ? "" : ",", container, "}]", spec.empty() ? "" : ",", spec,
                   "}}");
}

struct Case {
  std::string object;
  std::string refusal;
};

inline void check(std::string_view plural, const std::vector<Case>& cases) {
  for (const auto& c : cases) EXPECT_EQ(refusal(plural, c.object), c.refusal) << c.object;
}

// What is said of a text that breaks the rule.
inline const std::string label_rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
inline const std::string key_rule =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
inline const std::string charset_rule =
    "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";

}  // namespace nodal::master::rules
