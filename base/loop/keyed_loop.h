// base/loop/keyed_loop.h — the only work queue of the house.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal {

/// What one run of a key asks for next.
struct Again {
  /// Run the key once more after this long, unless it is woken before. Nothing: only when woken.
  std::optional<std::chrono::nanoseconds> after;
};

/// Runs a function per key: coalesces wakes of one key, never runs one key twice at once, runs
/// different keys on up to `threads` threads, and retries a failed key with exponential backoff and
/// jitter.
///
/// A wake during a run makes the key run once more afterwards. Success forgets the backoff.
/// Thread-safe.
class KeyedLoop {
 public:
  struct Options {
    std::string name = "loop";  ///< in log lines and the thread name
    int threads = 1;            ///< started when first needed, ended when idle for long
    std::chrono::milliseconds first_backoff{20};  ///< after the first failure; doubles
    std::chrono::milliseconds longest_backoff{30000};
  };
  /// Called with the key. An error is logged once, here, and retried with backoff.
  using Work = std::function<Result<Again>(const std::string& key)>;

  KeyedLoop(Options options, Work work);
  /// Stops and joins.
  ~KeyedLoop();
  KeyedLoop(const KeyedLoop&) = delete;
  KeyedLoop& operator=(const KeyedLoop&) = delete;

  /// Runs the key as soon as a thread is free; an earlier `wake_after` or backoff of the key is
  /// void.
  void wake(std::string_view key);
  /// Runs the key in `delay` at the latest; an earlier time already set stays.
  void wake_after(std::string_view key, std::chrono::nanoseconds delay);
  /// Forgets the key's pending runs and backoff; a run under way ends normally.
  void forget(std::string_view key);
  /// No new runs; waits for those under way.
  void stop();
  /// True when nothing runs and nothing is due now. For tests and metrics.
  [[nodiscard]] bool idle() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nodal
