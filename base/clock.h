// base/clock.h — time as an argument: the wall clock behind an interface, so that tests own it.
#pragma once

#include <chrono>

namespace nodal {

/// Wall-clock time with microseconds, the finest the API writes (MicroTime).
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

/// Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
};

}  // namespace nodal
