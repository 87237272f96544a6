// tests/unit/api-client/box_test.cc — a Box behaves like the value in it.
#include "api-client/codec/box.h"

#include <gtest/gtest.h>

#include <string>

namespace nodal {
namespace {

struct Part {
  std::string name{};
  Box<Part> inner{};
  bool operator==(const Part&) const = default;
};

TEST(Box, IsAbsentUntilFilled) {
  Box<Part> box;
  EXPECT_FALSE(box);
  EXPECT_FALSE(box.has_value());
  box.emplace().name = "a";
  EXPECT_EQ(box->name, "a");
  box.reset();
  EXPECT_FALSE(box);
}

TEST(Box, CopiesAreIndependent) {
  Box<Part> box = Part{.name = "a", .inner = Part{.name = "b"}};
  Box<Part> copy = box;
  EXPECT_EQ(copy, box);
  copy->inner->name = "c";
  EXPECT_NE(copy, box);
  EXPECT_EQ(box->inner->name, "b");
  copy = box;
  EXPECT_EQ(copy, box);
  copy = *&copy;
  EXPECT_EQ(copy, box) << "assigned to itself";
}

TEST(Box, MovesLeaveNothingBehind) {
  Box<Part> box = Part{.name = "a"};
  Box<Part> taken = std::move(box);
  EXPECT_FALSE(box);
  EXPECT_EQ(taken->name, "a");
  box = Part{.name = "b"};
  taken = std::move(box);
  EXPECT_FALSE(box);
  EXPECT_EQ(taken->name, "b");
}

TEST(Box, MayBeReplacedByItsOwnPart) {
  Box<Part> box = Part{.name = "a", .inner = Part{.name = "b"}};
  box.emplace(*box->inner);
  EXPECT_EQ(*box, Part{.name = "b"});
  Box<Part> deep = Part{.name = "a", .inner = Part{.name = "b", .inner = Part{.name = "c"}}};
  deep = deep->inner;
  EXPECT_EQ(deep->name, "b");
  deep = std::move(deep->inner);
  EXPECT_EQ(*deep, Part{.name = "c"});
}

TEST(Box, AbsenceDiffersFromZero) {
  EXPECT_NE(Box<Part>(), Box<Part>(Part{}));
  EXPECT_EQ(Box<Part>(), Box<Part>());
}

}  // namespace
}  // namespace nodal
