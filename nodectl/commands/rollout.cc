// nodectl/commands/rollout.cc — rollout status|history|undo|restart|pause|resume of Deployments.
#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/codec/codec.h"
#include "api-client/codec/time.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/print/tabs.h"
#include "nodectl/rollout/history.h"
#include "nodectl/rollout/status.h"
#include "nodectl/wait_for.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  Writing writing;
  std::optional<std::int64_t> revision, to_revision;
  std::string timeout = "0s";
  bool watch = true;
};

// What a subcommand does to one object.
using Step = std::function<Result<>(Session& session, Writer& writer, const Target& target)>;

Result<int> each(const Globals& globals, const Options& o, std::string_view manager,
                 const Step& step) {
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, manager));
  return for_each(NODAL_TRY(choose(session, globals, o.selection)),
                  [&](const Target& target) -> Result<> {
                    if (target.kind.kind != "Deployment")
                      return fail(Errc::invalid, text::cat("no rollouts of \"", target.printed(),
                                                           "\": Deployments have them"));
                    return step(session, writer, target);
                  });
}

Result<json::array> replica_sets(Session& session, const Target& target,
                                 const json::value& deployment) {
  const auto* selector = find(deployment, "spec.selector");
  const auto sets = NODAL_TRY(session.resources.by_name("replicasets"));
  const auto list = NODAL_TRY(ask(
      session.cluster, {.path = with_query(sets.path(target.ns), "labelSelector",
                                           selector == nullptr ? "" : selector_text(*selector))}));
  return list_at(list, "items");
}

Result<int> status(const Globals& globals, const Options& o) {
  const Deadline deadline(NODAL_TRY(parse_duration(o.timeout)));
  return each(globals, o, "", [&](Session& session, Writer&, const Target& target) -> Result<> {
    static_cast<void>(NODAL_TRY(ask(session.cluster, {.path = target.path()})));
    std::string told;
    auto done =
        follow(session.cluster, target, deadline, [&](const json::value* object) -> Result<bool> {
          if (object == nullptr)
            return fail(Errc::not_found, text::cat("object has been deleted: ", target.printed()));
          const auto now = NODAL_TRY(rollout_progress(*object, o.revision.value_or(0)));
          if (now.text != told) std::puts(now.text.c_str());
          told = now.text;
          std::fflush(stdout);
          return now.done || !o.watch;
        });
    if (!done && done.error().code == Errc::timed_out &&
        done.error().message.starts_with("timed out"))
      return fail(Errc::timed_out, "timed out waiting for the condition");
    return done;
  });
}

Result<Revision> revision_of(const std::vector<Revision>& known, std::int64_t number) {
  auto found = revision_to_undo(known, number);
  if (!found) return fail(Errc::not_found, "unable to find the specified revision");
  return found;
}

Result<int> history(const Globals& globals, const Options& given) {
  auto o = given;
  o.selection.all = true;  // without names: of all Deployments
  return each(globals, o, "", [&](Session& session, Writer&, const Target& target) -> Result<> {
    const auto object = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
    const auto known = revisions(NODAL_TRY(replica_sets(session, target, object)), object);
    if (o.revision.value_or(0) > 0) {
      const auto one = NODAL_TRY(revision_of(known, *o.revision));
      const auto text = template_text(one);
      std::fputs(
          text::cat(target.printed(), " with revision #", one.number, "\n", printable(text), "\n")
              .c_str(),
          stdout);
      return {};
    }
    std::string table = "REVISION\tCHANGE-CAUSE\n";
    for (const auto& one : known)
      table +=
          text::cat(one.number, "\t", one.cause.empty() ? "<none>" : printable(one.cause), "\n");
    std::fputs(text::cat(target.printed(), " \n", align_tabs(table, 0, 2), "\n").c_str(), stdout);
    return {};
  });
}

Result<int> undo(const Globals& globals, const Options& o) {
  return each(
      globals, o, "", [&](Session& session, Writer& writer, const Target& target) -> Result<> {
        const auto object = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
        if (bool_at(object, "spec.paused"))
          return fail(Errc::invalid,
                      "you cannot rollback a paused deployment; resume it first with 'nodectl "
                      "rollout resume' and try again");
        const auto known = revisions(NODAL_TRY(replica_sets(session, target, object)), object);
        const auto wanted = NODAL_TRY(revision_to_undo(known, o.to_revision.value_or(0)));
        const json::value as_set =
            json::object{{"spec", json::object{{"template", wanted.pod_template}}}};
        if (same_template(as_set, object))
          return writer.tell(target,
                             text::cat("skipped rollback (current template already matches "
                                       "revision ",
                                       wanted.number, ")"),
                             object);
        if (writer.only_here())
          return std::fputs(
                     text::cat(target.printed(), " ",
                               printable(template_text({.stored = wanted.stored})), " (dry run)\n")
                         .c_str(),
                     stdout),
                 Result<>();
        return writer.tell(target, "rolled back",
                           NODAL_TRY(writer.patch(target, kJsonPatch, undo_patch(object, wanted))));
      });
}

Result<int> restart(const Globals& globals, const Options& o) {
  return each(
      globals, o, "kubectl-rollout", [&](Session& session, Writer& writer, const Target& target) {
        return change_object(
            session, writer, target, "restarted", "restarted",
            [&](json::object& object) -> Result<> {
              if (bool_at(object, "spec.paused"))
                return fail(Errc::invalid,
                            text::cat("deployments.apps \"", target.name,
                                      "\" can't restart paused deployment (run rollout "
                                      "resume first)"));
              make_object(
                  object,
                  "spec.template.metadata.annotations")["kubectl.kubernetes.io/restartedAt"] =
                  format_time(SystemClock().now());
              return {};
            });
      });
}

Result<int> pause(const Globals& globals, const Options& o, bool paused) {
  return each(
      globals, o, "kubectl-rollout", [&](Session& session, Writer& writer, const Target& target) {
        return change_object(session, writer, target, paused ? "paused" : "resumed", "",
                             [&](json::object& object) -> Result<> {
                               if (bool_at(object, "spec.paused") == paused)
                                 return fail(Errc::invalid,
                                             text::cat("deployments.apps \"", target.name, "\" is ",
                                                       paused ? "already paused" : "not paused"));
                               auto& spec = make_object(object, "spec");
                               if (paused)
                                 spec["paused"] = true;
                               else
                                 spec.erase("paused");
                               return {};
                             });
      });
}

Command command(const Globals& globals, std::string name, std::string help,
                std::vector<std::string> examples,
                Result<int> (*run)(const Globals&, const Options&), bool writes,
                const std::function<std::vector<Flag>(Options&)>& flags) {
  const auto o = std::make_shared<Options>();
  Command out{.name = std::move(name),
              .help = std::move(help),
              .usage = "deployment/NAME",
              .group = kRolloutGroup,
              .flags = flags(*o),
              .args = &o->selection.what,
              .offer = Offer::deployments,
              .examples = std::move(examples),
              .run = [o, run, &globals] { return run(globals, *o); }};
  out.flags.push_back(selector_flag(o->selection));
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  if (writes)
    for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

std::vector<Flag> no_flags(Options&) { return {}; }

}  // namespace

Command rollout_command(const Globals& globals) {
  return {
      .name = "rollout",
      .help = "Watch, undo, restart or pause the rollouts of Deployments",
      .group = kRolloutGroup,
      .examples = {"nodectl rollout status deployment/web",
                   "nodectl rollout undo deployment/web --to-revision=2"},
      .commands = {
          command(globals, "status", "Follow a rollout to its end",
                  {"nodectl rollout status deployment/web",
                   "nodectl rollout status deployment/web --timeout=60s"},
                  status, false,
                  [](Options& o) {
                    return std::vector<Flag>{{.names = "-w,--watch",
                                              .help = "Until it ends; --watch=false: only now",
                                              .target = &o.watch},
                                             {.names = "--timeout",
                                              .value = "TIME",
                                              .help = "How long; 0s: without end",
                                              .target = &o.timeout},
                                             {.names = "--revision",
                                              .value = "NUMBER",
                                              .help = "Only while this revision is the one",
                                              .target = &o.revision}};
                  }),
          command(globals, "history", "The revisions, and why they are",
                  {"nodectl rollout history deployment/web",
                   "nodectl rollout history deployment/web --revision=2"},
                  history, false,
                  [](Options& o) {
                    return std::vector<Flag>{{.names = "--revision",
                                              .value = "NUMBER",
                                              .help = "One with its template",
                                              .target = &o.revision}};
                  }),
          command(globals, "undo", "Go back to an earlier revision",
                  {"nodectl rollout undo deployment/web",
                   "nodectl rollout undo deployment/web --to-revision=2"},
                  undo, true,
                  [](Options& o) {
                    return std::vector<Flag>{{.names = "--to-revision",
                                              .value = "NUMBER",
                                              .help = "Which; default: the one before",
                                              .target = &o.to_revision}};
                  }),
          command(globals, "restart", "Replace all pods, one after another",
                  {"nodectl rollout restart deployment/web",
                   "nodectl rollout restart deployment -l app=web"},
                  restart, true, no_flags),
          command(
              globals, "pause", "Let no change roll out", {"nodectl rollout pause deployment/web"},
              [](const Globals& g, const Options& o) { return pause(g, o, true); }, true, no_flags),
          command(
              globals, "resume", "Let changes roll out again",
              {"nodectl rollout resume deployment/web"},
              [](const Globals& g, const Options& o) { return pause(g, o, false); }, true,
              no_flags)}};
}

}  // namespace nodal::nodectl
