// nodectl/commands/scale.cc — scale: how many pods.
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

struct Options {
  Selection selection;
  Writing writing;
  std::optional<std::int64_t> replicas, current;
};

Result<int> scale(const Globals& globals, const Options& o) {
  if (!o.replicas || *o.replicas < 0)
    return fail(Errc::invalid,
                !o.replicas ? "required flag(s) \"replicas\" not set"
                            : "The --replicas=COUNT flag is required, and COUNT must be greater "
                              "than or equal to 0");
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, ""));
  const auto targets = NODAL_TRY(choose(session, globals, o.selection));
  if (targets.empty()) return fail(Errc::not_found, "no objects passed to scale");
  return for_each(targets, [&](const Target& target) -> Result<> {
    const auto found = ask(session.cluster, {.path = target.path(), .bare = true});
    if (!found)
      return fail(found.error().code,
                  text::cat("no objects passed to scale ", found.error().message));
    const auto& object = *found;
    const auto now = int_at(object, "spec.replicas");
    if (o.current.value_or(-1) >= 0 && *o.current != now)
      return fail(Errc::conflict, text::cat("Expected replicas to be ", *o.current, ", was ", now));
    if (writer.only_here()) return writer.tell(target, "scaled", object);
    const auto path = target.path() + "/scale";
    static_cast<void>(NODAL_TRY(
        ask(session.cluster,
            {.path = with_query(path, "dryRun", o.writing.dry_run == "server" ? "All" : ""),
             .method = "PATCH",
             .body = text::cat("{\"spec\":{\"replicas\":", *o.replicas, "}}"),
             .content_type = kMergePatch})));
    return writer.tell(target, "scaled",
                       o.writing.output.empty()
                           ? object
                           : NODAL_TRY(ask(session.cluster, {.path = target.path()})));
  });
}

}  // namespace

Command scale_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "scale",
              .help = "Set how many pods there shall be",
              .usage = "TYPE NAME … | TYPE/NAME …",
              .group = kChangeGroup,
              .flags = {{.names = "--replicas",
                         .value = "NUMBER",
                         .help = "How many",
                         .target = &o->replicas},
                        {.names = "--current-replicas",
                         .value = "NUMBER",
                         .help = "Only when there are so many now",
                         .target = &o->current},
                        selector_flag(o->selection),
                        all_flag(o->selection)},
              .args = &o->selection.what,
              .offer = Offer::objects,
              .examples = {"nodectl scale deployment/web --replicas=3"},
              .run = [o, &globals] { return scale(globals, *o); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
