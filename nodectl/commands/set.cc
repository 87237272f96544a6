// nodectl/commands/set.cc — set image|env|resources|serviceaccount.
#include <boost/json/object.hpp>
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/pod_template.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  Writing writing;
  std::string container = "*", from, prefix, keys, requests, limits;
  bool list = false, record = false;
};

using Edit = std::function<Result<>(json::object& spec)>;

// The objects first, then what is to be set.
std::vector<std::string> take_changes(std::vector<std::string>& words) {
  std::vector<std::string> objects, changes;
  for (auto& word : words) {
    const bool change =
        word.find('=') != std::string::npos || (word.ends_with('-') && !objects.empty());
    (change ? changes : objects).push_back(std::move(word));
  }
  words = std::move(objects);
  return changes;
}

Result<int> change_pods(const Globals& globals, const Options& o, std::string_view done,
                        const Edit& edit) {
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, "kubectl-set"));
  return for_each(NODAL_TRY(choose(session, globals, o.selection)), [&](const Target& target) {
    return change_object(session, writer, target, done, "", [&](json::object& object) -> Result<> {
      auto* spec = pod_spec(object);
      if (spec == nullptr)
        return fail(Errc::invalid, text::cat(target.kind.plural, "/", target.name, " has no pods"));
      return edit(*spec);
    });
  });
}

Result<int> list_environment(const Globals& globals, const Options& o) {
  auto session = NODAL_TRY(open_session(globals));
  return for_each(
      NODAL_TRY(choose(session, globals, o.selection)), [&](const Target& target) -> Result<> {
        auto object = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
        const auto* spec = object.is_object() ? pod_spec(object.get_object()) : nullptr;
        if (spec == nullptr) return {};
        const json::value pods(*spec);
        for (const auto& container : list_at(pods, "containers")) {
          std::puts(text::cat("# ", target.kind.kind, " ", target.name, ", container ",
                              text_at(container, "name"))
                        .c_str());
          for (const auto& variable : list_at(container, "env")) {
            const auto name = text_at(variable, "name");
            const auto* from = find(variable, "valueFrom");
            std::string line = text::cat(name, "=", text_at(variable, "value"));
            if (from != nullptr) {
              const auto* map = find(*from, "configMapKeyRef");
              const auto* secret = find(*from, "secretKeyRef");
              const auto* ref = map != nullptr ? map : secret;
              line = ref == nullptr
                         ? text::cat("# ", name, " from ", text_at(*from, "fieldRef.fieldPath"))
                         : text::cat("# ", name, " from ", map != nullptr ? "configmap" : "secret",
                                     " ", text_at(*ref, "name"), ", key ", text_at(*ref, "key"));
            }
            std::puts(printable(line).c_str());
          }
        }
        return {};
      });
}

Result<int> set_env(const Globals& globals, Options o) {
  const auto changes = take_changes(o.selection.what);
  if (o.list) return list_environment(globals, o);
  if (o.from.empty()) {
    if (changes.empty())
      return fail(Errc::invalid, "at least one environment variable must be provided");
    return change_pods(globals, o, "env updated", [&](json::object& spec) {
      return set_environment(spec, changes, o.container);
    });
  }
  auto session = NODAL_TRY(open_session(globals));
  const auto wanted = NODAL_TRY(parse_what(session.resources, {o.from}));
  const auto& kind = wanted[0].kind;
  if (wanted[0].names.size() != 1 || (kind.kind != "ConfigMap" && kind.kind != "Secret"))
    return fail(Errc::invalid, "--from takes configmap/NAME or secret/NAME");
  const auto& name = wanted[0].names[0];
  const auto source =
      NODAL_TRY(ask(session.cluster, {.path = kind.path(session.cluster.ns, name)}));
  auto keys = keys_of(object_at(source, "data"));
  if (!o.keys.empty())
    std::erase_if(keys, [&](const std::string& key) {
      const auto only = text::split(o.keys, ',');
      return std::ranges::find(only, key) == only.end();
    });
  for (const auto& key : keys)
    if (const auto variable = variable_name(o.prefix, key); variable != o.prefix + key)
      std::fputs(text::cat("Warning: key ", key, " transferred to ", variable, "\n").c_str(),
                 stderr);
  return change_pods(globals, o, "env updated", [&](json::object& spec) {
    return set_environment_from(spec, kind.kind == "ConfigMap" ? "configMapKeyRef" : "secretKeyRef",
                                name, keys, o.prefix, o.container);
  });
}

Flag container_flag(Options& o) {
  return {.names = "-c,--containers",
          .value = "NAME",
          .help = "Only this container (*: all)",
          .target = &o.container};
}

Command command(const std::shared_ptr<Options>& o, std::string name, std::string help,
                std::string usage, std::vector<std::string> examples, std::vector<Flag> flags,
                std::function<Result<int>()> run) {
  Command out{.name = std::move(name),
              .help = std::move(help),
              .usage = std::move(usage),
              .group = kChangeGroup,
              .flags = std::move(flags),
              .args = &o->selection.what,
              .offer = Offer::objects,
              .examples = std::move(examples),
              .run = std::move(run)};
  out.flags.push_back(selector_flag(o->selection));
  out.flags.push_back(all_flag(o->selection));
  out.flags.push_back(record_flag(o->record));
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

Command image_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return command(o, "image", "Set the image of containers", "TYPE/NAME CONTAINER=IMAGE …",
                 {"nodectl set image deployment/web web=web:2"}, {},
                 [o, &globals]() -> Result<int> {
                   auto own = *o;
                   const auto images = take_changes(own.selection.what);
                   if (images.empty())
                     return fail(Errc::invalid, "at least one image update is required");
                   return change_pods(globals, own, "image updated",
                                      [&](json::object& spec) { return set_images(spec, images); });
                 });
}

Command env_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return command(
      o, "env", "Set variables of the environment", "TYPE/NAME NAME=VALUE … NAME- …",
      {"nodectl set env deployment/web COLOUR=blue OLD-",
       "nodectl set env deployment/web --from=configmap/conf --prefix=CONF_",
       "nodectl set env deployment/web --list"},
      {container_flag(*o),
       {.names = "--list", .help = "Show them", .target = &o->list},
       {.names = "--from",
        .value = "TYPE/NAME",
        .help = "All keys of a ConfigMap or a Secret",
        .target = &o->from},
       {.names = "--keys", .value = "KEYS", .help = "With --from: only these", .target = &o->keys},
       {.names = "--prefix",
        .value = "TEXT",
        .help = "With --from: before each name",
        .target = &o->prefix}},
      [o, &globals] { return set_env(globals, *o); });
}

Command resources_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return command(o, "resources", "Set what containers ask for and may use", "TYPE/NAME",
                 {"nodectl set resources deployment/web --requests=cpu=100m --limits=memory=64Mi"},
                 {container_flag(*o),
                  {.names = "--requests",
                   .value = "AMOUNTS",
                   .help = "cpu=100m,memory=64Mi",
                   .target = &o->requests},
                  {.names = "--limits",
                   .value = "AMOUNTS",
                   .help = "cpu=1,memory=128Mi",
                   .target = &o->limits}},
                 [o, &globals]() -> Result<int> {
                   if (o->limits.empty() && o->requests.empty())
                     return fail(Errc::invalid,
                                 "you must specify an update to requests or limits (in the "
                                 "form of --requests/--limits)");
                   return change_pods(
                       globals, *o, "resource requirements updated", [&](json::object& spec) {
                         return set_resources(spec, o->requests, o->limits, o->container);
                       });
                 });
}

Command service_account_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  auto out = command(o, "serviceaccount", "Set the service account of pods", "TYPE/NAME ACCOUNT",
                     {"nodectl set serviceaccount deployment/web robot"}, {},
                     [o, &globals]() -> Result<int> {
                       auto own = *o;
                       if (own.selection.what.size() < 2)
                         return fail(Errc::invalid, "serviceaccount is required");
                       const auto account = own.selection.what.back();
                       own.selection.what.pop_back();
                       return change_pods(globals, own, "serviceaccount updated",
                                          [&](json::object& spec) -> Result<> {
                                            spec["serviceAccountName"] = account;
                                            return {};
                                          });
                     });
  out.aliases = {"sa"};
  return out;
}

}  // namespace

Command set_command(const Globals& globals) {
  return {.name = "set",
          .help = "Set images, variables or resources of pods",
          .group = kChangeGroup,
          .examples = {"nodectl set image deployment/web web=web:2",
                       "nodectl set env deployment/web COLOUR=blue"},
          .commands = {image_command(globals), env_command(globals), resources_command(globals),
                       service_account_command(globals)}};
}

}  // namespace nodal::nodectl
