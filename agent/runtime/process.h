// agent/runtime/process.h — a process in a container with its streams: what exec and attach talk
// to.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include "base/result.h"

namespace nodal::agent {

/// One thread may read while another writes.
class ProcessStreams {
 public:
  enum class Output { out, error };

  /// Closes the streams; the process goes on unless kill() was called.
  virtual ~ProcessStreams() = default;

  /// Hands on what the process writes until the end of its output, `stop`, or a false from `sink`.
  virtual Result<> read(const std::function<bool(Output, std::string_view)>& sink,
                        std::stop_token stop) = 0;
  /// To its standard input; waits while the process takes nothing.
  virtual Result<> write(std::string_view bytes, std::stop_token stop) = 0;
  /// There is no more for it from this client; what it writes goes on. Only a process that reads
  /// for one client sees the end.
  virtual void end_input() = 0;
  /// Of its terminal, in characters.
  virtual Result<> resize(int width, int height) = 0;
  /// Waits for the end of an exec'd process; 0 for an attached one.
  virtual Result<int> exit_code(std::stop_token stop) = 0;
  /// Ends an exec'd process with all that it started; leaves an attached one alone.
  virtual void kill() = 0;
};

}  // namespace nodal::agent
