// tests/unit/nodectl/warnings_test.cc — Warning headers as people read them.
#include "nodectl/warnings.h"

#include <gtest/gtest.h>

namespace nodal::nodectl {
namespace {

TEST(Warnings, AHeaderHoldsAQuotedText) {
  EXPECT_EQ(warning_text(R"(299 - "unknown field \"spec.x\"")"), R"(unknown field "spec.x")");
  EXPECT_EQ(warning_text(R"(299 agent "a\\b" "Tue, 24 Nov 2026 03:45:05 GMT")"), R"(a\b)");
  EXPECT_EQ(warning_text(R"(299 - "")"), "");
}

TEST(Warnings, WhatIsNoneIsLeftOut) {
  for (const char* header :
       {"", "299", "299 -", R"(199 - "of a cache")", R"(299 - "cut)", R"(299 - "cut\)", "299 - x"})
    EXPECT_EQ(warning_text(header), std::nullopt) << header;
}

}  // namespace
}  // namespace nodal::nodectl
