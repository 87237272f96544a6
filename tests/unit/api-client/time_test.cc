// tests/unit/api-client/time_test.cc — RFC 3339 both ways, and ages as kubectl prints them.
#include "api-client/codec/time.h"

#include <gtest/gtest.h>

namespace nodal {
namespace {

using namespace std::chrono_literals;

TimePoint at(std::int64_t seconds, std::int64_t micros = 0) {
  return TimePoint(std::chrono::seconds(seconds) + std::chrono::microseconds(micros));
}

TEST(Time, ReadsRfc3339) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), at(0));
  EXPECT_EQ(parse_time("2026-11-23T07:18:24Z"), at(1795418304));
  EXPECT_EQ(parse_time("2026-11-23T08:18:24+01:00"), at(1795418304));
  EXPECT_EQ(parse_time("2026-11-23T01:48:24-05:30"), at(1795418304));
  EXPECT_EQ(parse_time("2026-11-23T07:18:24.410374Z"), at(1795418304, 410374));
  EXPECT_EQ(parse_time("2026-11-23T07:18:24.4Z"), at(1795418304, 400000));
  EXPECT_EQ(parse_time("2026-11-23T07:18:24.410374999Z"), at(1795418304, 410374))
      << "finer is cut off";
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.5Z"), at(-1, 500000));
  EXPECT_TRUE(parse_time("2024-02-29T00:00:00Z"));
}

TEST(Time, RefusesTheRest) {
  for (const char* text : {"",
                           "now",
                           "2026-11-23",
                           "2026-11-23T07:18:24",
                           "2026-11-23 07:18:24Z",
                           "2026-11-23t07:18:24Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-30T00:00:00Z",
                           "2025-02-29T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00+1:00",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00Zx",
                           "26-01-01T00:00:00Z",
                           "2026-1-1T0:0:0Z",
                           "-2026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00+01:60"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Time, WritesSecondsOrSixDecimals) {
  EXPECT_EQ(format_time(at(1795418304, 999999)), "2026-11-23T07:18:24Z");
  EXPECT_EQ(format_micro_time(at(1795418304)), "2026-11-23T07:18:24.000000Z");
  EXPECT_EQ(format_micro_time(at(1795418304, 410374)), "2026-11-23T07:18:24.410374Z");
  EXPECT_EQ(format_micro_time(at(-1, 500000)), "1969-12-31T23:59:59.500000Z");
  EXPECT_EQ(format_time(at(-62135596800)), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format_time(TimePoint::max()), "9999-12-31T23:59:59Z") << "never more than four digits";
  EXPECT_EQ(format_time(TimePoint::min()), "0000-01-01T00:00:00Z");
}

TEST(Time, ComesBack) {
  for (std::int64_t second = -62'000'000'000; second < 250'000'000'000;
       second += 86'400 * 997 + 12'345) {
    const TimePoint time = at(second, 123456);
    EXPECT_EQ(parse_time(format_micro_time(time)), time);
  }
}

TEST(HumanDuration, FollowsTheTable) {
  const std::pair<std::chrono::seconds, const char*> cases[] = {
      {-2s, "<invalid>"},
      {-1s, "0s"},
      {0s, "0s"},
      {119s, "119s"},
      {120s, "2m"},
      {121s, "2m1s"},
      {9min + 59s, "9m59s"},
      {10min, "10m"},
      {10min + 59s, "10m"},
      {179min + 59s, "179m"},
      {180min, "3h"},
      {3h + 1min, "3h1m"},
      {7h + 59min, "7h59m"},
      {8h, "8h"},
      {47h + 59min, "47h"},
      {48h, "2d"},
      {49h, "2d1h"},
      {7 * 24h + 23h, "7d23h"},
      {8 * 24h, "8d"},
      {729 * 24h + 23h, "729d"},
      {730 * 24h, "2y"},
      {731 * 24h, "2y1d"},
      {(7 * 365 + 364) * 24h, "7y364d"},
      {8 * 365 * 24h, "8y"},
      {(30 * 365 + 100) * 24h, "30y"},
  };
  for (const auto& [age, text] : cases) EXPECT_EQ(human_duration(age), text);
}

}  // namespace
}  // namespace nodal
