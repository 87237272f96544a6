// nodectl/commands/cordon.cc — cordon, uncordon: whether new pods come to a node.
#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

struct Options {
  Selection selection;
  Writing writing;
  std::vector<std::string> nodes;
};

Result<int> cordon(const Globals& globals, const Options& o, bool closed) {
  if (o.nodes.empty() && o.selection.selector.empty())
    return fail(Errc::invalid, "which node? name it, or choose by -l LABELS");
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, ""));
  auto selection = o.selection;
  selection.what = {"nodes"};
  for (const auto& node : o.nodes)
    selection.what.push_back(node.starts_with("node/") ? node.substr(5) : node);
  const std::string_view done = closed ? "cordoned" : "uncordoned";
  return for_each(NODAL_TRY(choose(session, globals, selection)), [&](const Target& target) {
    return change_object(session, writer, target, done, text::cat("already ", done),
                         [&](boost::json::object& node) -> Result<> {
                           auto& spec = make_object(node, "spec");
                           if (closed)
                             spec["unschedulable"] = true;
                           else
                             spec.erase("unschedulable");
                           return {};
                         });
  });
}

Command command(const Globals& globals, std::string name, std::string help, bool closed) {
  const auto o = std::make_shared<Options>();
  return {.name = std::move(name),
          .help = std::move(help),
          .usage = "NODE …",
          .group = kChangeGroup,
          .flags = {selector_flag(o->selection),
                    {.names = "--dry-run",
                     .value = "WHERE",
                     .help = "none, client or server",
                     .target = &o->writing.dry_run,
                     .bare = "client",
                     .offer = Offer::words,
                     .words = "none client server"}},
          .args = &o->nodes,
          .offer = Offer::nodes,
          .run = [o, closed, &globals] { return cordon(globals, *o, closed); }};
}

}  // namespace

Command cordon_command(const Globals& globals) {
  return command(globals, "cordon", "Let no new pods come to a node", true);
}

Command uncordon_command(const Globals& globals) {
  return command(globals, "uncordon", "Let new pods come to a node again", false);
}

}  // namespace nodal::nodectl
