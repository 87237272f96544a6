// tests/unit/api-client/int_or_string_test.cc — counts, percentages and names.
#include "api-client/codec/int_or_string.h"

#include <gtest/gtest.h>

#include <limits>

namespace nodal {
namespace {

TEST(IntOrString, IsZeroUnlessSaid) {
  const IntOrString none;
  EXPECT_TRUE(none.is_int());
  EXPECT_EQ(none.as_int(), 0);
  EXPECT_EQ(none.as_string(), "");
  EXPECT_EQ(none.text(), "0");
}

TEST(IntOrString, KeepsANumberApartFromItsText) {
  EXPECT_NE(IntOrString{8080}, IntOrString{"8080"});
  EXPECT_EQ(IntOrString{8080}.text(), IntOrString{"8080"}.text());
  EXPECT_EQ(IntOrString{"http"}.as_string(), "http");
  EXPECT_EQ(IntOrString{"http"}.as_int(), 0);
}

TEST(IntOrString, ScalesPercentagesBothWays) {
  EXPECT_EQ(IntOrString{"25%"}.scaled(10, true), 3);
  EXPECT_EQ(IntOrString{"25%"}.scaled(10, false), 2);
  EXPECT_EQ(IntOrString{"25%"}.scaled(8, true), 2) << "a whole result is not rounded";
  EXPECT_EQ(IntOrString{"0%"}.scaled(10, true), 0);
  EXPECT_EQ(IntOrString{"100%"}.scaled(7, false), 7);
  EXPECT_EQ(IntOrString{"200%"}.scaled(7, false), 14);
  EXPECT_EQ(IntOrString{"-25%"}.scaled(10, true), -2);
  EXPECT_EQ(IntOrString{"-25%"}.scaled(10, false), -3);
  EXPECT_EQ(IntOrString{"2147483647%"}.scaled(2147483647, false),
            std::numeric_limits<std::int32_t>::max());
}

TEST(IntOrString, NumbersScaleToThemselves) {
  EXPECT_EQ(IntOrString{3}.scaled(10, true), 3);
  EXPECT_EQ(IntOrString{-1}.scaled(10, false), -1);
}

TEST(IntOrString, OtherTextsDoNotScale) {
  for (const char* text : {"", "%", "25", "x%", "2.5%", " 25%", "25%%", "http", "99999999999%"})
    EXPECT_EQ(IntOrString{text}.scaled(10, true), std::nullopt) << text;
}

}  // namespace
}  // namespace nodal
