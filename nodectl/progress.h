// nodectl/progress.h — lines that say what a long command is doing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace nodal::nodectl {

/// Steps, one after another: what is done, and how long it took. A step that was begun and is not
/// done when the next thing happens has failed.
class Progress {
 public:
  enum class Shown : std::uint8_t { everywhere, on_a_terminal };
  explicit Progress(Shown shown);
  ~Progress() { failed(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin(const std::string& what);
  void done(const std::string& detail = "");
  /// Of the step that was begun; nothing without one.
  void failed();

 private:
  void print(const std::string& text) const;

  bool terminal_, shown_;
  std::string what_;  ///< "" between two steps
  std::chrono::steady_clock::time_point since_;
};

}  // namespace nodal::nodectl
