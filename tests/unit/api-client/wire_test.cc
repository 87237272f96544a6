// tests/unit/api-client/wire_test.cc — tags, varints and lengths survive the way out and back.
#include "api-client/codec/wire.h"

#include <gtest/gtest.h>

namespace nodal::codec::wire {
namespace {

TEST(Wire, ReadsBackWhatItWrote) {
  const std::uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, 1ull << 32, ~0ull};
  Writer out;
  for (const auto number : numbers) out.varint(7, number);
  out.bytes(1u << 20, "text");
  Reader in(out.text());
  for (const auto number : numbers) {
    const auto tag = in.tag();
    ASSERT_TRUE(tag);
    EXPECT_EQ(tag->field, 7u);
    EXPECT_EQ(tag->format, Format::varint);
    EXPECT_EQ(in.varint().value(), number);
  }
  EXPECT_EQ(in.tag().value().field, 1u << 20);
  EXPECT_EQ(in.bytes().value(), "text");
  EXPECT_TRUE(in.at_end());
}

TEST(Wire, RefusesWhatIsNoMessage) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(Reader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv).varint()) << "65 bits";
  EXPECT_FALSE(Reader("\x80"sv).varint()) << "cut off";
  EXPECT_FALSE(Reader("\x05\x61"sv).bytes()) << "longer than the message";
  EXPECT_FALSE(Reader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv).bytes()) << "far longer";
  EXPECT_FALSE(Reader("\x07"sv).tag()) << "wire type 7";
  EXPECT_FALSE(Reader("\x02"sv).tag()) << "field 0";
}

TEST(Wire, SkipsGroupsButNotForEver) {
  using namespace std::string_view_literals;
  Reader good("\x0b\x10\x05\x0c\x2a"sv);
  ASSERT_TRUE(good.skip(good.tag().value()));
  EXPECT_FALSE(good.at_end());
  Reader crossed("\x0b\x14"sv);
  EXPECT_FALSE(crossed.skip(crossed.tag().value()));
  const std::string nested(1000, '\x0b');
  Reader deep(nested);
  EXPECT_FALSE(deep.skip(deep.tag().value()));
}

}  // namespace
}  // namespace nodal::codec::wire
