// nodectl/commands/config.cc — config: which clusters the kubeconfig knows, and which one is meant.
#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/text.h"
#include "base/yaml.h"
#include "nodectl/commands.h"
#include "nodectl/config_file.h"
#include "nodectl/document.h"
#include "nodectl/manifests.h"
#include "nodectl/print/tabs.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  std::vector<std::string> names;
  std::string output, cluster, user;
  bool no_headers = false, minify = false, raw = false, current = false;
};

Result<json::object> joined(const Globals& globals) {
  return joined_config(NODAL_TRY(read_config_files(globals.kubeconfig)));
}

Result<int> view(const Globals& globals, const Options& o) {
  if (!o.output.empty() && o.output != "yaml" && o.output != "json")
    return fail(Errc::invalid, text::cat("--output ", o.output, " is not available: yaml, json"));
  auto config = NODAL_TRY(joined(globals));
  if (!globals.context.empty()) config["current-context"] = globals.context;
  if (o.minify) config = NODAL_TRY(minified_config(config, ""));
  if (!o.raw) config = redacted_config(std::move(config));
  const auto text = o.output == "json" ? pretty_json(config) + "\n"
                                       : NODAL_TRY(json_to_yaml(json::serialize(config)));
  std::fputs(for_output(text).c_str(), stdout);
  return 0;
}

Result<int> get_contexts(const Globals& globals, const Options& o) {
  if (!o.output.empty() && o.output != "name")
    return fail(Errc::invalid, text::cat("output must be one of '' or 'name': ", o.output));
  const auto config = NODAL_TRY(joined(globals));
  const auto current = text_at(config, "current-context");
  std::vector<std::string> names = o.names, missing;
  if (names.empty())
    for (const auto& entry : config_entries(config, "contexts"))
      names.push_back(text_at(entry, "name"));
  std::ranges::sort(names);
  std::string out;
  const bool only_names = o.output == "name";
  if (!only_names && !o.no_headers) out = "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n";
  for (const auto& name : names) {
    const auto* context = config_entry(config, "contexts", name);
    if (context == nullptr) {
      missing.push_back(text::cat("context ", name, " not found"));
    } else if (only_names) {
      out += text::cat(name, "\n");
    } else {
      out += text::cat(name == current ? "*" : "", "\t", name, "\t", text_at(*context, "cluster"),
                       "\t", text_at(*context, "user"), "\t", text_at(*context, "namespace"), "\n");
    }
  }
  std::fputs(for_output(only_names ? out : align_tabs(out, 6, 3)).c_str(), stdout);
  std::fflush(stdout);
  if (missing.empty()) return 0;
  if (missing.size() == 1) return fail(Errc::not_found, missing.front());
  return fail(Errc::not_found, text::cat("[", text::join(missing, ", "), "]"));
}

Result<int> list_names(const Globals& globals, const char* list) {
  const auto config = NODAL_TRY(joined(globals));
  std::string out = "NAME\n";
  for (const auto& entry : config_entries(config, list))
    out += text::cat(text_at(entry, "name"), "\n");
  std::fputs(for_output(out).c_str(), stdout);
  return 0;
}

Result<int> current_context(const Globals& globals) {
  const auto current = text_at(NODAL_TRY(joined(globals)), "current-context");
  if (current.empty()) return fail(Errc::not_found, "current-context is not set");
  std::puts(printable(current).c_str());
  return 0;
}

Result<int> use(const Globals& globals, const std::string& name) {
  auto files = NODAL_TRY(read_config_files(globals.kubeconfig));
  NODAL_TRY(write_config_file(files[NODAL_TRY(use_context(files, name))]));
  std::puts(text::cat("Switched to context \"", name, "\".").c_str());
  return 0;
}

Result<int> set(const Globals& globals, const Options& o) {
  if (o.current && !o.names.empty())
    return fail(Errc::invalid, "you cannot specify both a context name and --current");
  auto files = NODAL_TRY(read_config_files(globals.kubeconfig));
  const auto name = o.current         ? text_at(joined_config(files), "current-context")
                    : o.names.empty() ? std::string()
                                      : o.names.front();
  if (name.empty())
    return fail(Errc::invalid, o.current ? "no current context is set"
                                         : "you must specify a non-empty context name or "
                                           "--current");
  const auto [at, made] =
      set_context(files, {.name = name, .ns = globals.ns, .cluster = o.cluster, .user = o.user});
  NODAL_TRY(write_config_file(files[at]));
  std::puts(text::cat("Context \"", name, made ? "\" created." : "\" modified.").c_str());
  return 0;
}

}  // namespace

Command config_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command view_it{.name = "view",
                  .help = "The kubeconfig as it counts, without what is secret",
                  .group = kOtherGroup,
                  .flags = {{.names = "--minify",
                             .help = "Only what the current context needs",
                             .target = &o->minify},
                            {.names = "--raw", .help = "With what is secret", .target = &o->raw},
                            {.names = "-o,--output",
                             .value = "FORMAT",
                             .help = "yaml or json",
                             .target = &o->output,
                             .offer = Offer::words,
                             .words = "yaml json"}},
                  .examples = {"nodectl config view --minify"},
                  .run = [o, &globals] { return view(globals, *o); }};
  Command contexts{.name = "get-contexts",
                   .help = "The contexts, with a star at the current one",
                   .usage = "[NAME …]",
                   .group = kOtherGroup,
                   .flags = {{.names = "-o,--output",
                              .value = "FORMAT",
                              .help = "name",
                              .target = &o->output,
                              .offer = Offer::words,
                              .words = "name"},
                             {.names = "--no-headers",
                              .help = "Without the head line",
                              .target = &o->no_headers}},
                   .args = &o->names,
                   .offer = Offer::contexts,
                   .examples = {"nodectl config get-contexts"},
                   .run = [o, &globals] { return get_contexts(globals, *o); }};
  Command use_it{.name = "use-context",
                 .help = "Make a context the current one",
                 .usage = "NAME",
                 .group = kOtherGroup,
                 .args = &o->names,
                 .least_args = 1,
                 .most_args = 1,
                 .offer = Offer::contexts,
                 .examples = {"nodectl config use-context nodal"},
                 .run = [o, &globals] { return use(globals, o->names.front()); },
                 .aliases = {"use"}};
  Command set_it{
      .name = "set-context",
      .help = "Change a context or make one",
      .usage = "NAME | --current",
      .group = kOtherGroup,
      .flags =
          {{.names = "--current", .help = "The current one", .target = &o->current},
           {.names = "--cluster", .value = "NAME", .help = "Its cluster", .target = &o->cluster},
           {.names = "--user", .value = "NAME", .help = "Its user", .target = &o->user}},
      .args = &o->names,
      .most_args = 1,
      .offer = Offer::contexts,
      .examples = {"nodectl config set-context --current --namespace=prod"},
      .run = [o, &globals] { return set(globals, *o); }};
  return {.name = "config",
          .help = "Show and change the kubeconfig",
          .group = kOtherGroup,
          .examples = {"nodectl config get-contexts",
                       "nodectl config set-context --current --namespace=prod"},
          .commands = {std::move(view_it), std::move(contexts),
                       Command{.name = "current-context",
                               .help = "The name of the current context",
                               .group = kOtherGroup,
                               .run = [&globals] { return current_context(globals); }},
                       std::move(use_it), std::move(set_it),
                       Command{.name = "get-clusters",
                               .help = "The clusters that the kubeconfig knows",
                               .group = kOtherGroup,
                               .run = [&globals] { return list_names(globals, "clusters"); }},
                       Command{.name = "get-users",
                               .help = "The users that the kubeconfig knows",
                               .group = kOtherGroup,
                               .run = [&globals] { return list_names(globals, "users"); }}}};
}

}  // namespace nodal::nodectl
