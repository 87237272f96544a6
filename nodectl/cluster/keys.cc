// nodectl/cluster/keys.cc — see keys.h.
#include "nodectl/cluster/keys.h"

#include "base/subprocess.h"
#include "base/text.h"

namespace nodal::nodectl {

Result<> issue_keys(const Layout& where, const Settings& settings) {
  Subprocess issue;
  issue.program = where.programs + "/nodal-master";
  issue.arguments = {"issue-node",     "--data-dir",       where.state + "/master",
                     "--node-name",    settings.node_name, "--node-ip",
                     settings.node_ip, "--server",         api_server(settings),
                     "--out",          where.state};
  const auto ended = NODAL_TRY(run_program(issue));
  if (ended.exit_code == 0) return {};
  return fail(Errc::internal,
              text::cat(issue.program, " issue-node failed: ", text::trim(ended.errors)));
}

}  // namespace nodal::nodectl
