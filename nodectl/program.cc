// nodectl/program.cc — see program.h.
#include "nodectl/program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"

extern char** environ;

namespace nodal::nodectl {

Result<int> run_program(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (const int error =
          ::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ))
    return fail_errno(error, text::cat("start ", command[0]));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail_errno(errno, text::cat("wait for ", command[0]));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<ScratchFolder> ScratchFolder::make(const std::string& name) {
  const char* base = std::getenv("TMPDIR");
  std::string path = text::cat(base == nullptr ? "/tmp" : base, "/", name, "-XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) return fail_errno(errno, text::cat("make ", path));
  return ScratchFolder(path);
}

ScratchFolder::~ScratchFolder() {
  if (!path_.empty()) static_cast<void>(file::remove_all(path_));
}

}  // namespace nodal::nodectl
