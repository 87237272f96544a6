// nodectl/commands/api_resources.cc — api-resources, api-versions: what the server serves.
#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/print/tabs.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {
namespace {

struct Options {
  std::string output, group, namespaced = "any";
  bool no_headers = false;
};

Result<int> api_resources(const Globals& globals, const Options& o) {
  const bool names = o.output == "name", wide = o.output == "wide";
  if (!names && !wide && !o.output.empty())
    return fail(Errc::invalid, text::cat("--output ", o.output, " is not available"));
  const auto session = NODAL_TRY(open_session(globals));
  auto kinds = session.resources.all();
  std::erase_if(kinds, [&](const ResourceKind& kind) {
    return (!o.group.empty() && kind.group != o.group) ||
           (o.namespaced == "true" && !kind.namespaced) ||
           (o.namespaced == "false" && kind.namespaced);
  });
  std::ranges::stable_sort(
      kinds, {}, [](const ResourceKind& kind) { return std::pair(kind.group, kind.plural); });
  std::string out;
  if (!names && !o.no_headers)
    out = text::cat("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND",
                    wide ? "\tVERBS\tCATEGORIES" : "", "\n");
  for (const auto& kind : kinds) {
    if (names) {
      out += text::cat(kind.plural, kind.group.empty() ? "" : ".", kind.group, "\n");
      continue;
    }
    out += text::cat(
        kind.plural, "\t", text::join(kind.short_names, ","), "\t", kind.api_version(), "\t",
        kind.namespaced ? "true" : "false", "\t", kind.kind,
        wide ? text::cat("\t", text::join(kind.verbs, ","), "\t", text::join(kind.categories, ","))
             : "",
        "\n");
  }
  std::fputs(align_tabs(out, 6, 3).c_str(), stdout);
  return 0;
}

}  // namespace

Command api_resources_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {.name = "api-resources",
          .help = "The types of objects that the server has",
          .group = kOtherGroup,
          .flags = {{.names = "-o,--output",
                     .value = "FORMAT",
                     .help = "wide or name",
                     .target = &o->output,
                     .offer = Offer::words,
                     .words = "wide name"},
                    {.names = "--api-group",
                     .value = "GROUP",
                     .help = "Only of this group",
                     .target = &o->group},
                    {.names = "--namespaced",
                     .value = "BOOL",
                     .help = "Only those with (false: without) a namespace",
                     .target = &o->namespaced,
                     .bare = "true",
                     .offer = Offer::words,
                     .words = "true false"},
                    {.names = "--no-headers",
                     .help = "Without the head line",
                     .target = &o->no_headers}},
          .examples = {"nodectl api-resources --api-group=apps", "nodectl api-resources -o name"},
          .run = [o, &globals] { return api_resources(globals, *o); }};
}

Command api_versions_command(const Globals& globals) {
  return {.name = "api-versions",
          .help = "The groups and versions that the server has",
          .group = kOtherGroup,
          .run = [&globals]() -> Result<int> {
            const auto session = NODAL_TRY(open_session(globals));
            std::vector<std::string> versions;
            for (const auto& kind : session.resources.all()) versions.push_back(kind.api_version());
            std::ranges::sort(versions);
            const auto same = std::ranges::unique(versions);
            versions.erase(same.begin(), same.end());
            for (const auto& version : versions) std::puts(version.c_str());
            return 0;
          }};
}

}  // namespace nodal::nodectl
