// tests/unit/master/registry/same_test.cc — equality of documents.
#include "master/registry/same.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace nodal::master {
namespace {

TEST(SameJson, AgreesWithTheValuesOwnEquality) {
  const char* values[] = {"null",
                          "true",
                          "1",
                          "1.0",
                          "-1",
                          "18446744073709551615",
                          R"("")",
                          R"("a")",
                          "[]",
                          "[1]",
                          "[1,2]",
                          "[2,1]",
                          "{}",
                          R"({"a":1})",
                          R"({"a":2})",
                          R"({"b":1})",
                          R"({"a":1,"b":{"c":[1,{"d":2}],"e":"x"}})",
                          R"({"b":{"e":"x","c":[1,{"d":2}]},"a":1})",
                          R"({"b":{"e":"x","c":[1,{"d":3}]},"a":1})"};
  for (const char* x : values)
    for (const char* y : values) {
      const auto a = boost::json::parse(x), b = boost::json::parse(y);
      EXPECT_EQ(same(a, b), a == b) << x << " and " << y;
    }
}

}  // namespace
}  // namespace nodal::master
