// nodectl/commands/version.cc — version.
#include <boost/json/object.hpp>
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/requests.h"

namespace nodal::nodectl {
namespace {

Result<int> version(const Globals& globals, bool client_only) {
  std::puts("Client: " NODAL_VERSION);
  if (client_only) return 0;
  auto cluster = NODAL_TRY(connect(globals));
  const auto answer = NODAL_TRY(ask(cluster, {.path = "/version"}));
  const auto text = text_at(answer, "gitVersion");
  if (text.empty()) return fail(Errc::invalid, "the server does not tell its version");
  std::puts(text::cat("Server: ", printable(text)).c_str());
  return 0;
}

}  // namespace

Command version_command(const Globals& globals) {
  const auto client_only = std::make_shared<bool>(false);
  return {.name = "version",
          .help = "Versions of nodectl and of the server",
          .group = kOtherGroup,
          .flags = {{.names = "--client", .help = "Only nodectl's", .target = client_only.get()}},
          .run = [client_only, &globals] { return version(globals, *client_only); },
          .own = true};
}

}  // namespace nodal::nodectl
