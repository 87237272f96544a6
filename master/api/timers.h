// master/api/timers.h — calls at a later time, from one thread that sleeps until then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace nodal::master {

/// Calls must be short. Thread-safe.
class Timers {
 public:
  using Id = std::uint64_t;
  Timers();
  /// Drops what is pending; waits for a call under way.
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  Id after(std::chrono::nanoseconds delay, std::move_only_function<void()> call);
  /// The call does not begin any more; it may be under way.
  void cancel(Id id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal::master
