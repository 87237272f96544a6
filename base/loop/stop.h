// base/loop/stop.h — SIGTERM and SIGINT as a stop_token, a stop_token as a descriptor.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "base/handle.h"
#include "base/result.h"

namespace nodal {

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and all threads it starts later; ignores
/// SIGPIPE. Call first in main, before any thread exists.
void block_signals();

/// Waits until SIGTERM or SIGINT arrives, then requests the stop. SIGHUP is ignored.
/// Thread: main.
void wait_for_stop_signal(std::stop_source& stop);

/// Like it, but a SIGHUP ends the wait as well.
/// @returns true when it was a SIGHUP: read the settings again
/// Thread: main.
bool wait_for_stop_or_reload(std::stop_source& stop);

/// Names the calling thread (15 characters at most reach the kernel).
void name_thread(const char* name);

/// A descriptor that becomes readable when the stop is requested: for poll(2).
class StopFd {
 public:
  explicit StopFd(const std::stop_token& stop);
  /// -1 when no stop can come.
  [[nodiscard]] int get() const { return fd_.get(); }
  /// Whether a stop will be heard. @errors unavailable: no descriptor is left
  [[nodiscard]] Result<> ready() const;

 private:
  UniqueFd fd_;
  int error_ = 0;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

}  // namespace nodal
