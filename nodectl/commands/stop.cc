// nodectl/commands/stop.cc — stop, and delete without arguments: the end of this node's cluster.
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "nodectl/cluster/daemons.h"
#include "nodectl/cluster/host.h"
#include "nodectl/cluster/removal.h"
#include "nodectl/cluster/user_kubeconfig.h"
#include "nodectl/commands.h"
#include "nodectl/progress.h"

namespace nodal::nodectl {
namespace {

Result<int> stop() {
  const auto where = NODAL_TRY(layout());
  if (!file::exists(where.settings()) && !file::exists(where.run)) {
    std::puts("There is no cluster on this node; `nodectl up` starts one.");
    return 0;
  }
  NODAL_TRY(need_root("the parts of a cluster are daemons of root"));
  if (supervisor_pid(where) == 0 && running_parts(where).empty()) {
    std::puts("The cluster of this node is stopped already; `nodectl up` starts it.");
    return 0;
  }
  Progress progress(Progress::Shown::on_a_terminal);
  progress.begin("end the parts");
  NODAL_TRY(end_daemons(where));
  progress.done();
  std::puts(
      "The cluster is stopped. Pods go on running; `nodectl up` takes them up again, `nodectl "
      "delete` removes them.");
  return 0;
}

// Nobody is there to be asked in a script, nor by one whose output goes into a file.
bool is_meant(const char* question) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return true;
  std::fputs(text::cat(question, " [y/N] ").c_str(), stderr);
  char answer[16] = "";
  if (std::fgets(answer, sizeof answer, stdin) == nullptr) return false;
  const auto word = text::lower(text::trim(answer));
  return word == "y" || word == "yes";
}

}  // namespace

Result<> delete_cluster(bool sure) {
  NODAL_TRY(need_root("a cluster's traces are in the kernel"));
  const auto where = NODAL_TRY(layout());
  if (!sure && file::exists(where.state) &&
      !is_meant("This deletes the whole cluster of this node, with all its pods and data. Go on?"))
    return fail(Errc::forbidden, "nothing was deleted");
  std::optional<Settings> settings;
  if (file::exists(where.settings())) settings = read_settings(where).value_or(Settings{});
  Progress progress(Progress::Shown::on_a_terminal);
  progress.begin("end the parts");
  NODAL_TRY(end_daemons(where));
  progress.done();
  const auto cleaned = clean(where, settings, progress);
  const auto left = leave_user_kubeconfig();
  NODAL_TRY(cleaned);
  NODAL_TRY(left);
  std::puts("Nothing of the cluster is left on this node.");
  return {};
}

Command stop_command() {
  return {.name = "stop",
          .help = "Stop the parts; pods go on running",
          .group = kClusterGroup,
          .examples = {"nodectl stop", "nodectl up     takes the pods up again"},
          .run = [] { return stop(); },
          .own = true};
}

}  // namespace nodal::nodectl
