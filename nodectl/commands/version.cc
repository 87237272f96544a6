// nodectl/commands/version.cc — version.
#include <boost/json/object.hpp>
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/print/format.h"
#include "nodectl/requests.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

Result<int> version(const Globals& globals, bool client_only, std::string_view output) {
  json::object document{{"clientVersion", json::object{{"gitVersion", NODAL_VERSION}}}};
  // One's own version is told also where no server answers.
  if (output.empty()) std::puts("Client: " NODAL_VERSION);
  const auto ask_server = [&]() -> Result<> {
    auto cluster = NODAL_TRY(connect(globals));
    document["serverVersion"] = NODAL_TRY(ask(cluster, {.path = "/version"}));
    const auto text = text_at(document, "serverVersion.gitVersion");
    if (text.empty()) return fail(Errc::invalid, "the server does not tell its version");
    if (output.empty()) std::puts(text::cat("Server: ", printable(text)).c_str());
    return {};
  };
  const auto asked = client_only ? Result<>() : ask_server();
  if (!output.empty())
    std::fputs(for_output(NODAL_TRY(print_document(document, output))).c_str(), stdout);
  NODAL_TRY(asked);
  return 0;
}

}  // namespace

Command version_command(const Globals& globals) {
  const auto client_only = std::make_shared<bool>(false);
  const auto output = std::make_shared<std::string>();
  return {
      .name = "version",
      .help = "Versions of nodectl and of the server",
      .group = kOtherGroup,
      .flags = {{.names = "--client", .help = "Only nodectl's", .target = client_only.get()},
                document_flag(*output)},
      .examples = {"nodectl version", "nodectl version --client -o json"},
      .run = [client_only, output, &globals] { return version(globals, *client_only, *output); },
      .own = true};
}

}  // namespace nodal::nodectl
