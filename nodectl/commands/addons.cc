// nodectl/commands/addons.cc — addons list, enable, disable.
#include "nodectl/cluster/addons.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "nodectl/commands.h"

namespace nodal::nodectl {
namespace {

Result<int> list() {
  const auto settings = read_settings(NODAL_TRY(layout())).value_or(Settings{});
  const auto enabled = addons_of(settings);
  std::vector<std::vector<std::string>> rows{{"NAME", "STATUS", "WHAT"}};
  for (const auto& addon : known_addons())
    rows.push_back(
        {addon.name,
         std::ranges::find(enabled, addon.name) != enabled.end() ? "enabled" : "disabled",
         addon.what});
  std::fputs(text::table(rows).c_str(), stdout);
  return 0;
}

Command switch_command(const char* name, const char* help, bool on) {
  const auto names = std::make_shared<std::vector<std::string>>();
  return {.name = name,
          .help = help,
          .usage = "NAME",
          .args = names.get(),
          .least_args = 1,
          .most_args = 1,
          .run = [names, on]() -> Result<int> {
            NODAL_TRY(set_addon(names->front(), on));
            return 0;
          },
          .own = true};
}

}  // namespace

Command addons_command() {
  Command out{.name = "addons",
              .help = "What else this node may run",
              .group = kClusterGroup,
              .examples = {"nodectl addons list", "nodectl addons enable ingress"},
              .own = true};
  out.commands = {{.name = "list",
                   .help = "The addons, and which are enabled",
                   .run = [] { return list(); },
                   .own = true},
                  switch_command("enable", "Start an addon, now and with every `up`", true),
                  switch_command("disable", "Stop an addon", false)};
  return out;
}

}  // namespace nodal::nodectl
