// nodectl/program.h — other programs run in the foreground: an editor, diff.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

/// The exit code; 128 and the signal for one that was killed.
/// @errors not_found and others of the start
Result<int> run_program(const std::vector<std::string>& command);

/// A folder for files of one command; gone with the object.
class ScratchFolder {
 public:
  /// @param name  a word of its name
  static Result<ScratchFolder> make(const std::string& name);
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace nodal::nodectl
