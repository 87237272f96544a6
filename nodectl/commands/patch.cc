// nodectl/commands/patch.cc — patch.
#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

struct Options {
  Selection selection;
  Writing writing;
  std::string patch, file, type = "strategic", subresource;
};

Result<int> patch(const Globals& globals, const Options& o) {
  const auto type = o.type == "strategic" ? kStrategicPatch
                    : o.type == "merge"   ? kMergePatch
                    : o.type == "json"    ? kJsonPatch
                                          : nullptr;
  if (type == nullptr)
    return fail(Errc::invalid,
                text::cat("--type must be one of [json merge strategic], not \"", o.type, "\""));
  if (o.patch.empty() == o.file.empty())
    return fail(Errc::invalid,
                "must specify --patch or --patch-file containing the contents of "
                "the patch");
  const auto given = o.file.empty() ? o.patch : NODAL_TRY(file::read(o.file, 4 << 20));
  const auto documents = yaml_to_json(given);
  if (!documents) return wrap("unable to parse the patch", documents.error());
  if (documents->size() != 1)
    return fail(Errc::invalid, "the patch must be one document of YAML or JSON");
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, "kubectl-patch"));
  return for_each(
      NODAL_TRY(choose(session, globals, o.selection)), [&](const Target& target) -> Result<> {
        const auto before = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
        if (writer.only_here()) return writer.tell(target, "patched", before);
        const auto after =
            NODAL_TRY(writer.patch(target, type, documents->front(), "", "", o.subresource));
        const bool same = text_at(before, "metadata.resourceVersion") ==
                          text_at(after, "metadata.resourceVersion");
        return writer.tell(target, same ? "patched (no change)" : "patched", after);
      });
}

}  // namespace

Command patch_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "patch",
              .help = "Change fields of objects by a patch",
              .usage = "TYPE NAME -p PATCH",
              .group = kChangeGroup,
              .flags = {{.names = "-p,--patch",
                         .value = "PATCH",
                         .help = "The patch, as JSON or YAML",
                         .target = &o->patch},
                        {.names = "--patch-file",
                         .value = "FILE",
                         .help = "A file with the patch",
                         .target = &o->file,
                         .offer = Offer::files},
                        {.names = "--type",
                         .value = "TYPE",
                         .help = "strategic, merge or json",
                         .target = &o->type,
                         .offer = Offer::words,
                         .words = "strategic merge json"},
                        {.names = "--subresource",
                         .value = "NAME",
                         .help = "status or scale of the object",
                         .target = &o->subresource,
                         .offer = Offer::words,
                         .words = "status scale"}},
              .args = &o->selection.what,
              .offer = Offer::objects,
              .examples = {"nodectl patch deployment web -p '{\"spec\":{\"replicas\":2}}'"},
              .run = [o, &globals] { return patch(globals, *o); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
