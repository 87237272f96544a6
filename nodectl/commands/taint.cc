// nodectl/commands/taint.cc — taint: what keeps pods from a node.
#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/taints.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

struct Options {
  Selection selection;
  Writing writing;
  bool overwrite = false;
};

Result<int> taint(const Globals& globals, Options o) {
  const auto changes = NODAL_TRY(take_taints(o.selection.what));
  if (o.selection.what.empty())
    return fail(Errc::invalid, "which node? `nodectl taint node NAME key=value:Effect`");
  auto session = NODAL_TRY(open_session(globals));
  const auto& type = o.selection.what[0];
  const auto kind = NODAL_TRY(session.resources.by_name(type.substr(0, type.find('/'))));
  if (kind.kind != "Node")
    return fail(Errc::invalid,
                text::cat("invalid resource type ", type, ", only node types are supported"));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, "kubectl-taint"));
  return for_each(
      NODAL_TRY(choose(session, globals, o.selection)), [&](const Target& target) -> Result<> {
        const auto before = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
        if (!before.is_object()) return fail(Errc::invalid, "the server's answer is no object");
        auto after = before;
        auto& spec = make_object(after.get_object(), "spec");
        auto changed =
            NODAL_TRY(tainted(list_at(before, "spec.taints"), changes, target.name, o.overwrite));
        const auto done = changed.done;
        if (changed.taints.empty())
          spec.erase("taints");
        else
          spec["taints"] = std::move(changed.taints);
        const auto patch = NODAL_TRY(patch_between(target.kind, before, after));
        if (writer.only_here()) return writer.tell(target, done, after);
        return writer.tell(target, done,
                           NODAL_TRY(writer.patch(target, patch_type(target.kind), patch)));
      });
}

}  // namespace

Command taint_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "taint",
              .help = "Keep pods from a node that do not tolerate this",
              .usage = "node NAME … (KEY=VALUE:EFFECT | KEY[:EFFECT]-) …",
              .group = kChangeGroup,
              .flags = {{.names = "--overwrite",
                         .help = "Also when the taint is there with another value",
                         .target = &o->overwrite},
                        selector_flag(o->selection),
                        all_flag(o->selection),
                        validate_flag(o->writing)},
              .args = &o->selection.what,
              .offer = Offer::objects,
              .examples = {"nodectl taint node node1 dedicated=batch:NoSchedule",
                           "nodectl taint node node1 dedicated-"},
              .run = [o, &globals] { return taint(globals, *o); }};
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
