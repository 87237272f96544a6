// nodectl/commands/create.cc — create: objects from files; what it makes from flags is in
// create_*.cc.
#include "nodectl/commands/create.h"

#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/last_applied.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  Writing writing;
  bool save = false;
};

Result<int> create(const Globals& globals, const Options& options) {
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, options.writing, "kubectl-create"));
  return for_each(NODAL_TRY(choose(session, globals, options.selection)),
                  [&](const Target& target) -> Result<> {
                    auto object = target.manifest.get_object();
                    if (target.kind.namespaced)
                      make_object(object, "metadata")["namespace"] = target.ns;
                    if (options.save) set_last_applied(object);
                    const auto made = NODAL_TRY(writer.post(
                        target, object, text::cat("error when creating \"", target.source, "\"")));
                    auto named = target;
                    named.name = text_at(made, "metadata.name");
                    return writer.tell(named, "created", made);
                  });
}

}  // namespace

Result<int> create_object(const Globals& globals, const Creating& creating, json::object object) {
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, creating.writing, creating.manager));
  if (!globals.ns.empty() &&
      NODAL_TRY(session.resources.by_kind(text_at(object, "apiVersion"), text_at(object, "kind")))
          .namespaced)
    make_object(object, "metadata")["namespace"] = globals.ns;
  if (creating.save) set_last_applied(object);
  const auto target = NODAL_TRY(target_of(session, globals, object, ""));
  const auto made = writer.post(target, object, "", !creating.doing.empty());
  if (!made && !creating.doing.empty()) return wrap(creating.doing, made.error());
  if (!made) return std::unexpected(made.error());
  NODAL_TRY(writer.tell(target, creating.told, *made));
  return 0;
}

std::vector<Flag> creating_flags(Creating& creating) {
  auto out = writing_flags(creating.writing);
  out.push_back(validate_flag(creating.writing));
  out.push_back({.names = "--save-config",
                 .help = "Remember what was wanted, for `apply`",
                 .target = &creating.save});
  return out;
}

json::object new_object(std::string_view api_version, std::string_view kind,
                        std::string_view name) {
  return {{"apiVersion", api_version},
          {"kind", kind},
          {"metadata", json::object{{"creationTimestamp", nullptr}, {"name", name}}}};
}

Command create_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{
      .name = "create",
      .help = "Make objects from files, or one of a kind from flags",
      .usage = "-f FILE",
      .group = kChangeGroup,
      .flags = {validate_flag(o->writing),
                {.names = "--save-config",
                 .help = "Remember what was wanted, for `apply`",
                 .target = &o->save}},
      .examples = {"nodectl create -f web.yaml",
                   "nodectl create deployment web --image=web:1 --replicas=2"},
      .run = [o, &globals]() -> Result<int> {
        if (o->selection.files.empty())
          return fail(Errc::invalid,
                      "must specify one of -f and -k\nhint: or say what to create; "
                      "`nodectl create -h` lists it");
        return create(globals, *o);
      },
      .commands = {create_deployment_command(globals), create_namespace_command(globals),
                   create_config_map_command(globals), create_secret_command(globals),
                   create_service_command(globals), create_service_account_command(globals)}};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
