// api-client/codec/time.h — RFC 3339 text ↔ TimePoint, as meta/v1 Time and MicroTime write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace nodal {

/// "2026-11-23T07:18:24Z": seconds, the fraction cut off.
[[nodiscard]] std::string format_time(TimePoint time);
/// "2026-11-23T07:18:24.410374Z": always six decimals.
[[nodiscard]] std::string format_micro_time(TimePoint time);
/// Any RFC 3339 time with offset; finer fractions than microseconds are cut off.
[[nodiscard]] std::optional<TimePoint> parse_time(std::string_view text);

/// A duration as kubectl's AGE columns show it: "<invalid>" below -1 s, "119s", "9m59s", "179m",
/// "7h59m", "47h", "7d23h", "729d", "7y364d", "8y" (REQUIREMENTS of the API: section Tables).
[[nodiscard]] std::string human_duration(std::chrono::seconds age);

}  // namespace nodal
