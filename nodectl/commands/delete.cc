// nodectl/commands/delete.cc — delete: objects, and waiting until they are gone; without arguments
// the cluster of this node.
#include "nodectl/commands/delete.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <cstdio>
#include <map>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/duration.h"
#include "nodectl/errors.h"
#include "nodectl/wait_for.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  std::string cascade = "background", dry_run = "none", output, timeout = "0s";
  bool force = false, now = false, wait = true, ignore_not_found = false, yes = false;
  std::optional<std::int64_t> grace_period;
  std::vector<std::string> given;
};

struct Gone {
  Target target;
  std::string uid;
};

Result<std::string> propagation(const std::string& cascade) {
  if (cascade == "background" || cascade == "true") return "Background";
  if (cascade == "orphan" || cascade == "false") return "Orphan";
  if (cascade == "foreground") return "Foreground";
  return fail(Errc::invalid, text::cat("invalid cascade value (", cascade,
                                       "). Must be \"background\", \"foreground\", or \"orphan\""));
}

Result<int> remove(const Globals& globals, const Options& options) {
  auto session = NODAL_TRY(open_session(globals));
  const auto limit = NODAL_TRY(parse_duration(options.timeout));
  json::object body{{"propagationPolicy", NODAL_TRY(propagation(options.cascade))}};
  auto grace = options.grace_period.value_or(-1);
  if (options.now) grace = 1;
  if (grace == 0 && !options.force) grace = 1;  // then the agent's word is waited for
  if (options.force && grace < 0) grace = 0;
  if (grace >= 0) body["gracePeriodSeconds"] = grace;
  const bool only_here = options.dry_run == "client";
  if (options.dry_run == "server") body["dryRun"] = json::array{"All"};
  const auto targets = NODAL_TRY(choose(session, globals, options.selection));
  if (targets.empty()) {
    std::puts("No resources found");
    return 0;
  }
  if (options.force && grace == 0)
    std::fputs(
        "Warning: Immediate deletion does not wait for confirmation that the running resource has "
        "been terminated. The resource may continue to run on the cluster indefinitely.\n",
        stderr);
  const auto ignore = options.ignore_not_found || options.selection.all;
  std::vector<Gone> gone;
  auto code = NODAL_TRY(for_each(targets, [&](const Target& target) -> Result<> {
    json::value answer;
    if (!only_here) {
      auto done = ask(session.cluster,
                      {.path = target.path(),
                       .method = "DELETE",
                       .body = codec::to_text(body),
                       .doing = target.source.empty()
                                    ? ""
                                    : text::cat("error when deleting \"", target.source, "\"")});
      if (!done && done.error().code == Errc::not_found && ignore) return {};
      if (!done) return std::unexpected(done.error());
      answer = std::move(*done);
    }
    const auto suffix = only_here                     ? " (dry run)"
                        : options.dry_run == "server" ? " (server dry run)"
                                                      : "";
    std::puts(options.output == "name"
                  ? target.printed().c_str()
                  : text::cat(target.kind.printed(), " \"", target.name, "\" ",
                              options.force && grace == 0 ? "force deleted" : "deleted", suffix)
                        .c_str());
    auto uid = text_at(answer, "details.uid");
    gone.push_back({target, uid.empty() ? text_at(answer, "metadata.uid") : uid});
    return {};
  }));
  if (!options.wait || options.dry_run != "none") return code;
  std::fflush(stdout);
  const Deadline deadline(limit);
  for (const auto& [target, uid] : gone) {
    const auto done = wait_until_gone(session.cluster, target, uid, deadline);
    if (done) continue;
    report_now(done.error());
    code = 1;
  }
  return code;
}

}  // namespace

Result<Deletion> what_to_delete(const Selection& selection, const std::vector<std::string>& flags) {
  if (!selection.what.empty() || !selection.files.empty()) return Deletion::objects;
  if (std::ranges::all_of(flags, [](const auto& flag) { return flag == "--yes"; }))
    return Deletion::cluster;
  if (!selection.selector.empty() || !selection.field_selector.empty() || selection.all)
    return fail(Errc::invalid, "at least one resource must be specified to use a selector");
  return fail(Errc::invalid,
              "You must provide one or more resources by argument or filename.\n"
              "Example resource specifications include:\n"
              "   '-f rsrc.yaml'\n"
              "   '--filename=rsrc.json'\n"
              "   '<resource> <name>'\n"
              "   '<resource>'");
}

Command delete_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "delete",
              .help = "Delete objects; without arguments: the whole cluster of this node",
              .usage = "[TYPE NAME … | TYPE/NAME … | TYPE -l LABELS | TYPE --all]",
              .group = kChangeGroup,
              .flags = {selector_flag(o->selection),
                        all_flag(o->selection),
                        namespaces_flag(o->selection),
                        {.names = "--field-selector",
                         .value = "FIELDS",
                         .help = "Only what has these fields",
                         .target = &o->selection.field_selector},
                        {.names = "--force",
                         .help = "At once, without the node's word that it has ended",
                         .target = &o->force},
                        {.names = "--grace-period",
                         .value = "SECONDS",
                         .help = "Time that pods have to end",
                         .target = &o->grace_period},
                        {.names = "--now", .help = "With a grace period of 1 s", .target = &o->now},
                        {.names = "--wait",
                         .help = "Until they are gone; --wait=false: do not",
                         .target = &o->wait},
                        {.names = "--timeout",
                         .value = "TIME",
                         .help = "How long to wait: 30s, 2m; 0s: without end",
                         .target = &o->timeout},
                        {.names = "--cascade",
                         .value = "HOW",
                         .help = "What depends on them: background, foreground or orphan",
                         .target = &o->cascade,
                         .bare = "background",
                         .offer = Offer::words,
                         .words = "background foreground orphan"},
                        {.names = "--ignore-not-found",
                         .help = "What is not there is no error",
                         .target = &o->ignore_not_found},
                        {.names = "--dry-run",
                         .value = "WHERE",
                         .help = "none, client or server",
                         .target = &o->dry_run,
                         .bare = "client",
                         .offer = Offer::words,
                         .words = "none client server"},
                        {.names = "-o,--output",
                         .value = "FORMAT",
                         .help = "name",
                         .target = &o->output,
                         .offer = Offer::words,
                         .words = "name"},
                        {.names = "-y,--yes",
                         .help = "Delete the cluster of this node without asking",
                         .target = &o->yes}},
              .args = &o->selection.what,
              .given = &o->given,
              .offer = Offer::objects,
              .examples = {"nodectl delete pod web-1", "nodectl delete -f web.yaml",
                           "nodectl delete pods -l app=web",
                           "nodectl delete                the whole cluster of this node",
                           "nodectl delete --yes          without asking"},
              .run = [o, &globals]() -> Result<int> {
                if (NODAL_TRY(what_to_delete(o->selection, o->given)) == Deletion::objects)
                  return remove(globals, *o);
                NODAL_TRY(delete_cluster(o->yes));
                return 0;
              }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
