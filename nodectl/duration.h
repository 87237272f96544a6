// nodectl/duration.h — spans of time as people type them, and ends of waiting.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace nodal::nodectl {

/// "1h2m3s", "300ms", "1.5m", "0", "-1s".
/// @errors invalid
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// When to give up.
class Deadline {
 public:
  /// @param limit  0: never; less: after a week
  explicit Deadline(std::chrono::milliseconds limit);
  [[nodiscard]] bool over() const;
  /// What is left in whole seconds, rounded up; at least 1; nothing when it never ends.
  [[nodiscard]] std::optional<std::chrono::seconds> left() const;

 private:
  std::optional<std::chrono::steady_clock::time_point> end_;
};

}  // namespace nodal::nodectl
