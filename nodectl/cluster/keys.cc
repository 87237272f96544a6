// nodectl/cluster/keys.cc — see keys.h.
#include "nodectl/cluster/keys.h"

#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/text.h"

extern char** environ;

namespace nodal::nodectl {
namespace {

Result<> run_quietly(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (const int error =
          ::posix_spawn(&pid, command[0].c_str(), nullptr, nullptr, arguments.data(), environ);
      error != 0)
    return fail_errno(error, text::cat("start ", command[0]));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(Errc::internal,
                text::cat(command[0], " ", command[1], " failed; what it said stands above"));
  return {};
}

}  // namespace

Result<> issue_keys(const Layout& where, const Settings& settings) {
  const std::string port = settings.listen.substr(settings.listen.rfind(':') + 1);
  return run_quietly({where.programs + "/nodal-master", "issue-node", "--data-dir",
                      where.state + "/master", "--node-name", settings.node_name, "--node-ip",
                      settings.node_ip, "--server", text::cat("https://127.0.0.1:", port), "--out",
                      where.state});
}

}  // namespace nodal::nodectl
