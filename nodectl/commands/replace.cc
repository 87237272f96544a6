// nodectl/commands/replace.cc — replace: objects become just what files say.
#include <boost/json/object.hpp>
#include <cstdio>

#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/last_applied.h"
#include "nodectl/wait_for.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

struct Options {
  Selection selection;
  Writing writing;
  bool force = false, save = false;
};

// What is there goes, and is waited for.
Result<int> remove(Session& session, const std::vector<Target>& targets) {
  return for_each(targets, [&](const Target& target) -> Result<> {
    const auto gone =
        session.cluster.client->delete_path(target.path(), {.propagation_policy = "Background"});
    if (!gone && gone.error().code == Errc::not_found) return {};
    if (!gone) return std::unexpected(gone.error());
    std::puts((target.kind.printed() + " \"" + target.name + "\" deleted").c_str());
    return wait_until_gone(session.cluster, target, "", Deadline({}));
  });
}

Result<int> replace(const Globals& globals, const Options& o) {
  if (o.selection.files.empty()) return fail(Errc::invalid, "must specify --filename to replace");
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, "kubectl-replace"));
  const auto chosen = NODAL_TRY(choose(session, globals, o.selection));
  if (o.force && !writer.only_here())
    if (const int code = NODAL_TRY(remove(session, chosen.targets)); code != 0) return code;
  return for_each(chosen, [&](const Target& target) -> Result<> {
    auto object = target.manifest.get_object();
    auto& metadata = make_object(object, "metadata");
    if (target.kind.namespaced) metadata["namespace"] = target.ns;
    if (o.save) set_last_applied(object);
    const auto doing = "error when replacing \"" + target.source + "\"";
    if (o.force)
      return writer.tell(target, "replaced", NODAL_TRY(writer.post(target, object, doing)));
    if (!metadata.contains("resourceVersion")) {
      const auto live = NODAL_TRY(ask(session.cluster, {.path = target.path(), .doing = doing}));
      metadata["resourceVersion"] = text_at(live, "metadata.resourceVersion");
    }
    return writer.tell(target, "replaced", NODAL_TRY(writer.put(target, object, doing)));
  });
}

}  // namespace

Command replace_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "replace",
              .help = "Replace objects by those of files",
              .usage = "-f FILE",
              .group = kChangeGroup,
              .flags = {{.names = "--force",
                         .help = "Delete them and make them again",
                         .target = &o->force},
                        {.names = "--save-config",
                         .help = "Remember what was wanted, for `apply`",
                         .target = &o->save},
                        validate_flag(o->writing)},
              .examples = {"nodectl replace -f web.yaml", "nodectl replace --force -f web.yaml"},
              .run = [o, &globals] { return replace(globals, *o); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
