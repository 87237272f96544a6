// nodectl/commands/explain.cc — explain: what a type's fields are.
#include <cstdio>

#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/explain.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {
namespace {

struct Options {
  std::vector<std::string> args;
  std::string api_version;
  bool recursive = false;
};

Result<int> explain(const Globals& globals, const Options& o) {
  auto session = NODAL_TRY(open_session(globals));
  // "pods.spec", but a type may have dots itself: "deployments.apps".
  const std::string_view given = o.args[0];
  auto kind = session.resources.by_name(given);
  std::string_view path;
  if (!kind) {
    const auto dot = given.find('.');
    kind = session.resources.by_name(given.substr(0, dot));
    if (dot != std::string_view::npos) path = given.substr(dot + 1);
  }
  if (!kind) return std::unexpected(kind.error());
  if (!o.api_version.empty())
    kind = NODAL_TRY(session.resources.by_kind(o.api_version, kind->kind));
  const auto* known = schema::find_kind(kind->group, kind->version, kind->kind);
  if (known == nullptr)
    return fail(Errc::not_found, text::cat("nothing is known of the fields of ", kind->kind, " in ",
                                           kind->api_version()));
  std::fputs(NODAL_TRY(explain_text(*known, path, o.recursive)).c_str(), stdout);
  return 0;
}

}  // namespace

Command explain_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  return {.name = "explain",
          .help = "What the fields of a type are",
          .usage = "TYPE[.FIELD…]",
          .group = kLookGroup,
          .flags = {{.names = "--recursive",
                     .help = "With the fields of the fields",
                     .target = &o->recursive},
                    {.names = "--api-version",
                     .value = "VERSION",
                     .help = "Of this version: apps/v1",
                     .target = &o->api_version}},
          .args = &o->args,
          .least_args = 1,
          .most_args = 1,
          .offer = Offer::types,
          .examples = {"nodectl explain pods.spec.containers"},
          .run = [o, &globals] { return explain(globals, *o); }};
}

}  // namespace nodal::nodectl
