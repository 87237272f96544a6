// nodectl/commands/cordon.cc — cordon, uncordon: whether new pods come to a node.
#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/commands/cordon.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

struct Options {
  Selection selection;
  Writing writing;
  std::vector<std::string> nodes;
};

Result<int> cordon(const Globals& globals, const Options& o, bool closed) {
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, ""));
  return for_each(
      NODAL_TRY(choose_nodes(session, globals, o.selection, o.nodes)),
      [&](const Target& target) { return set_closed(session, writer, target, closed); });
}

Command command(const Globals& globals, std::string name, std::string help, bool closed) {
  const auto o = std::make_shared<Options>();
  auto example = text::cat("nodectl ", name, " node1");
  return {.name = std::move(name),
          .help = std::move(help),
          .usage = "NODE …",
          .group = kChangeGroup,
          .flags = {selector_flag(o->selection), dry_run_flag(o->writing)},
          .args = &o->nodes,
          .offer = Offer::nodes,
          .examples = {std::move(example)},
          .run = [o, closed, &globals] { return cordon(globals, *o, closed); }};
}

}  // namespace

Result<std::vector<Target>> choose_nodes(Session& session, const Globals& globals,
                                         Selection selection,
                                         const std::vector<std::string>& names) {
  if (names.empty() && selection.selector.empty())
    return fail(Errc::invalid, "which node? name it, or choose by -l LABELS");
  selection.what = {"nodes"};
  for (const auto& node : names)
    selection.what.push_back(node.starts_with("node/") ? node.substr(5) : node);
  return NODAL_TRY(choose(session, globals, selection)).targets;
}

Result<> set_closed(Session& session, Writer& writer, const Target& node, bool closed) {
  const std::string_view done = closed ? "cordoned" : "uncordoned";
  return change_object(session, writer, node, done, text::cat("already ", done),
                       [&](boost::json::object& object) -> Result<> {
                         auto& spec = make_object(object, "spec");
                         if (closed)
                           spec["unschedulable"] = true;
                         else
                           spec.erase("unschedulable");
                         return {};
                       });
}

Flag dry_run_flag(Writing& writing) {
  return {.names = "--dry-run",
          .value = "WHERE",
          .help = "none, client or server",
          .target = &writing.dry_run,
          .bare = "client",
          .offer = Offer::words,
          .words = "none client server"};
}

Command cordon_command(const Globals& globals) {
  return command(globals, "cordon", "Let no new pods come to a node", true);
}

Command uncordon_command(const Globals& globals) {
  return command(globals, "uncordon", "Let new pods come to a node again", false);
}

}  // namespace nodal::nodectl
