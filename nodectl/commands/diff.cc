// nodectl/commands/diff.cc — diff: what `apply` would change.
#include <boost/json/object.hpp>
#include <cstdlib>

#include "api-client/codec/codec.h"
#include "api-client/codec/schema.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/last_applied.h"
#include "nodectl/manifests.h"
#include "nodectl/program.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr int kFailed = 2;  // 1 says that there are differences

struct Options {
  Selection selection;
  bool server_side = false, force_conflicts = false;
};

Result<> write(const std::string& folder, const Target& target, json::value object) {
  auto& metadata = make_object(object.get_object(), "metadata");
  metadata.erase("managedFields");
  if (auto* annotations = metadata.if_contains("annotations");
      annotations != nullptr && annotations->is_object())
    annotations->get_object().erase(kLastApplied);
  // A Secret's values are nobody's business on a screen.
  if (target.kind.kind == "Secret")
    if (auto* data = object.get_object().if_contains("data"); data != nullptr && data->is_object())
      for (auto& member : data->get_object())
        member.value() = text::cat("*** (", text_of(member.value()).size(), " bytes)");
  std::string name = target.kind.api_version();
  for (char& c : name)
    if (c == '/') c = '.';
  return file::write(
      text::cat(folder, "/", name, ".", target.kind.kind, ".", target.ns, ".", target.name),
      NODAL_TRY(json_to_yaml(codec::to_text(object))), 0600);
}

// What the server would make of it.
Result<json::value> merged(Writer& writer, const Options& o, const Target& target,
                           const Result<json::value>& live) {
  auto wanted = target.manifest.get_object();
  if (target.kind.namespaced) make_object(wanted, "metadata")["namespace"] = target.ns;
  if (o.server_side)
    return writer.patch(target, kApplyPatch, codec::to_text(wanted), "",
                        o.force_conflicts ? "&force=true" : "&force=false");
  set_last_applied(wanted);
  if (!live) return writer.post(target, wanted);
  const auto last = codec::parse(last_applied(*live));
  const auto* known = schema::find_kind(target.kind.group, target.kind.version, target.kind.kind);
  const auto patch =
      apply_patch(last && last->is_object() ? last->get_object() : json::object{}, wanted,
                  live->get_object(), known != nullptr ? known->type : nullptr);
  if (patch.empty()) return *live;
  return writer.patch(target, patch_type(target.kind), codec::to_text(patch));
}

Result<int> diff(const Globals& globals, const Options& o) {
  if (o.selection.files.empty()) return fail(Errc::invalid, "must specify one of -f and -k");
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, Writing{.dry_run = "server"},
                                       o.server_side ? "kubectl" : "kubectl-client-side-apply"));
  const auto scratch = NODAL_TRY(ScratchFolder::make("nodectl-diff"));
  const auto before = scratch.path() + "/LIVE", after = scratch.path() + "/MERGED";
  NODAL_TRY(file::make_folders(before));
  NODAL_TRY(file::make_folders(after));
  const auto chosen = NODAL_TRY(choose(session, globals, o.selection));
  for (const auto& target : chosen.targets) {
    const auto live = ask(session.cluster, {.path = target.path()});
    if (!live && live.error().code != Errc::not_found) return std::unexpected(live.error());
    if (live) NODAL_TRY(write(before, target, *live));
    NODAL_TRY(write(after, target, NODAL_TRY(merged(writer, o, target, live))));
  }
  std::vector<std::string> command{"diff", "-u", "-N"};
  if (const char* own = std::getenv("KUBECTL_EXTERNAL_DIFF"); own != nullptr && *own != '\0') {
    command.clear();
    for (const auto word : text::split(own, ' '))
      if (!word.empty()) command.emplace_back(word);
  }
  command.push_back(before);
  command.push_back(after);
  const int code = NODAL_TRY(run_program(command));
  for (const auto& error : chosen.bad) report_now(error);
  return chosen.bad.empty() ? code : kFailed;
}

}  // namespace

Command diff_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "diff",
              .help = "What `apply` would change; exit code 1: something",
              .usage = "-f FILE",
              .group = kLookGroup,
              .flags = {{.names = "--server-side",
                         .help = "As `apply --server-side` would",
                         .target = &o->server_side},
                        {.names = "--force-conflicts",
                         .help = "With --server-side: take fields from others",
                         .target = &o->force_conflicts}},
              .examples = {"nodectl diff -f web.yaml", "cat web.yaml | nodectl diff -f -"},
              .run = [o, &globals]() -> Result<int> {
                const auto done = diff(globals, *o);
                if (done) return done;
                report_now(done.error());
                return kFailed;
              }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
