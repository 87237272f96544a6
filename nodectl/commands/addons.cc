// nodectl/commands/addons.cc — addons list, enable, disable.
#include "nodectl/cluster/addons.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <memory>

#include "api-client/client/client.h"
#include "api-client/client/kubeconfig.h"
#include "base/text.h"
#include "gen/core_v1.h"
#include "nodectl/cluster/await.h"
#include "nodectl/cluster/daemons.h"
#include "nodectl/cluster/host.h"
#include "nodectl/cluster/keys.h"
#include "nodectl/commands.h"
#include "nodectl/print/format.h"
#include "nodectl/progress.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kSettled{60};

Result<int> list(std::string_view output) {
  auto settings = settings_here(NODAL_TRY(layout()));
  if (!settings && settings.error().code != Errc::not_found)
    return std::unexpected(settings.error());
  const auto enabled = settings ? addons_of(*settings) : std::vector<std::string>{};
  std::vector<std::vector<std::string>> rows{{"NAME", "STATUS", "WHAT"}};
  json::array document;
  for (const auto& addon : known_addons()) {
    const char* status =
        std::ranges::find(enabled, addon.name) != enabled.end() ? "enabled" : "disabled";
    rows.push_back({addon.name, status, addon.what});
    document.push_back(
        json::object{{"name", addon.name}, {"status", status}, {"what", addon.what}});
  }
  std::fputs(
      (output.empty() ? text::table(rows) : NODAL_TRY(print_document(document, output))).c_str(),
      stdout);
  return 0;
}

Result<> set_addon(const std::string& name, bool on) {
  NODAL_TRY(need_root("addons are daemons of this node"));
  const auto where = NODAL_TRY(layout());
  auto settings = NODAL_TRY(settings_here(where));
  const auto& known = known_addons();
  const auto addon = std::ranges::find(known, name, &Addon::name);
  if (addon == known.end())
    return fail(Errc::not_found,
                text::cat("there is no addon ", name, "; `nodectl addons list` shows them"));
  auto names = addons_of(settings);
  const bool was = std::ranges::find(names, name) != names.end();
  if (was == on) {
    std::puts(text::cat(name, " is ", on ? "enabled" : "disabled", " already").c_str());
    return {};
  }
  if (on && ::access(addon->needs.c_str(), R_OK) != 0)
    return fail(
        Errc::unavailable,
        text::cat(addon->needs, " is not there; install it: apt-get install ", addon->package));
  const auto program = text::cat(where.programs, "/nodal-", name);
  if (on && ::access(program.c_str(), X_OK) != 0)
    return fail(Errc::unavailable,
                text::cat(program, " is not there; build it, or install it beside nodectl"));
  Progress progress(Progress::Shown::on_a_terminal);
  progress.begin(text::cat(on ? "start " : "end ", name));
  if (on) NODAL_TRY(issue_keys(where, settings));
  if (on)
    names.push_back(name);
  else
    std::erase(names, name);
  settings.addons = text::join(names, ",");
  NODAL_TRY(write_settings(where, settings));
  const pid_t pid = supervisor_pid(where);
  if (pid != 0) ::kill(pid, SIGHUP);
  // The supervisor takes it up, or ends it.
  NODAL_TRY(await(kSettled, [&]() -> Result<> {
    const auto parts = read_parts(where).value_or(std::vector<PartState>{});
    const auto part = std::ranges::find(parts, name, &PartState::name);
    const bool runs = part != parts.end() && is_running(*part);
    if (pid == 0 || runs == on) return {};
    return fail(Errc::timed_out,
                text::cat(name, " does not ", on ? "start" : "end", "; see ", where.log_of(name)));
  }));
  if (!on) {
    NODAL_TRY(remove_addon(where, name));
    if (const auto access = client::load_kubeconfig(where.admin_kubeconfig()))
      if (const auto transport = client::connect(*access))
        static_cast<void>(
            client::Client(*transport, text::cat("nodectl/", NODAL_VERSION))
                .remove<core_v1::Pod>(
                    "kube-system", text::cat("nodal-", name, "-", settings.node_name),
                    {.grace_period_seconds = 0, .uid = "", .propagation_policy = ""}));
  }
  progress.done();
  std::puts(text::cat("The addon ", name, " is ", on ? "enabled." : "disabled.").c_str());
  return {};
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
  const auto output = std::make_shared<std::string>();
  Command out{.name = "addons",
              .help = "What else this node may run",
              .group = kClusterGroup,
              .examples = {"nodectl addons list", "nodectl addons enable ingress"},
              .own = true};
  out.commands = {{.name = "list",
                   .help = "The addons, and which are enabled",
                   .flags = {document_flag(*output)},
                   .examples = {"nodectl addons list -o json"},
                   .run = [output] { return list(*output); },
                   .own = true},
                  switch_command("enable", "Start an addon, now and with every `up`", true),
                  switch_command("disable", "Stop an addon", false)};
  return out;
}

}  // namespace nodal::nodectl
