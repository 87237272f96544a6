// base/subprocess.h — runs one program: input in, output out, a deadline.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal {

struct Subprocess {
  std::string program;  ///< absolute path
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  ///< all of it: nothing of ours is passed on
  std::string input;
  std::size_t output_limit = 1u << 20;  ///< of stdout; stderr keeps its first 64 KiB
  std::chrono::milliseconds timeout{30000};
};

struct SubprocessResult {
  int exit_code = 0;  ///< 128 + signal when one ended it
  std::string output, errors;
};

/// Blocks until the program ended; its whole process group is killed at the deadline.
/// @errors timed_out; invalid when stdout is longer than the limit; others by errno
Result<SubprocessResult> run_program(const Subprocess& what);

}  // namespace nodal
