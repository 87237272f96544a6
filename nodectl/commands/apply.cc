// nodectl/commands/apply.cc — apply: objects become what files say.
#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/codec/codec.h"
#include "api-client/codec/label_selector.h"
#include "api-client/codec/schema.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/errors.h"
#include "nodectl/last_applied.h"
#include "nodectl/manifests.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  Writing writing;
  bool server_side = false, force_conflicts = false, force = false, record = false,
       overwrite = true;
};

class Apply {
 public:
  Apply(Session& session, const Options& options, Writer writer)
      : session_(session), options_(options), writer_(std::move(writer)) {}

  Result<> one(const Target& target) {
    if (target.name.empty())
      return fail(Errc::invalid,
                  text::cat("from ", text_at(target.manifest, "metadata.generateName"),
                            ": cannot use generate name with apply"));
    if (options_.server_side) return server_side(target);
    auto wanted = target.manifest.get_object();
    auto& metadata = make_object(wanted, "metadata");
    if (target.kind.namespaced) metadata["namespace"] = target.ns;
    if (options_.record) make_object(metadata, "annotations")[kChangeCause] = typed_command();
    set_last_applied(wanted);
    const auto live = ask(session_.cluster, {.path = target.path()});
    if (!live) {
      if (live.error().code != Errc::not_found) return std::unexpected(live.error());
      const auto made = NODAL_TRY(
          writer_.post(target, wanted, text::cat("error when creating \"", target.source, "\"")));
      return writer_.tell(target, "created", made);
    }
    return change(target, wanted, *live);
  }

 private:
  Result<> change(const Target& target, const json::object& wanted, const json::value& live) {
    const auto last = last_applied(live);
    if (last.empty()) warn(target);
    const auto before = codec::parse(last);
    const auto* known = schema::find_kind(target.kind.group, target.kind.version, target.kind.kind);
    const auto patch =
        apply_patch(before && before->is_object() ? before->get_object() : json::object{}, wanted,
                    live.get_object(), known != nullptr ? known->type : nullptr);
    if (patch.empty()) return writer_.tell(target, "unchanged", live);
    if (writer_.only_here()) return writer_.tell(target, "configured", wanted);
    const auto text = codec::to_text(patch);
    const auto done = writer_.patch(target, patch_type(target.kind), text);
    if (done) return writer_.tell(target, "configured", *done);
    if (!options_.force ||
        (done.error().code != Errc::invalid && done.error().code != Errc::conflict))
      return std::unexpected(done.error());
    NODAL_TRY(
        session_.cluster.client->delete_path(target.path(), {.propagation_policy = "Background"}));
    return writer_.tell(target, "configured", NODAL_TRY(writer_.post(target, wanted)));
  }

  static void warn(const Target& target) {
    std::fputs(
        text::cat("Warning: resource ", target.kind.plural, "/", target.name, " is missing the ",
                  kLastApplied,
                  " annotation which is required by nodectl apply. nodectl apply should only be "
                  "used on resources created declaratively by either nodectl create --save-config "
                  "or nodectl apply. The missing annotation will be patched automatically.\n")
            .c_str(),
        stderr);
  }

  Result<> server_side(const Target& target) {
    auto wanted = target.manifest.get_object();
    if (target.kind.namespaced) make_object(wanted, "metadata")["namespace"] = target.ns;
    const auto done =
        NODAL_TRY(writer_.patch(target, kApplyPatch, codec::to_text(wanted), "",
                                options_.force_conflicts ? "&force=true" : "&force=false"));
    return writer_.tell(target, "serverside-applied", done);
  }

  Session& session_;
  const Options& options_;
  Writer writer_;
};

Result<int> apply(const Globals& globals, const Options& options) {
  if (options.selection.files.empty()) return fail(Errc::invalid, "must specify one of -f and -k");
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(
      session, options.writing, options.server_side ? "kubectl" : "kubectl-client-side-apply"));
  if (options.server_side && writer.only_here())
    return fail(Errc::invalid,
                "--dry-run=client doesn't work with --server-side (did you mean "
                "--dry-run=server instead?)");
  if (options.record)
    std::fputs("Flag --record has been deprecated, --record will be removed in the future\n",
               stderr);
  const auto selector = NODAL_TRY(LabelSelector::parse(options.selection.selector));
  Apply apply(session, options, std::move(writer));
  const auto manifests =
      NODAL_TRY(read_manifests(options.selection.files, options.selection.recursive));
  std::size_t count = manifests.bad.size();
  int code = 0;
  const auto tell = [&](const Error& error) {
    std::fflush(stdout);
    report_now(error);
    code = 1;
  };
  for (const auto& manifest : manifests.objects) {
    const json::value object(manifest.object);
    const auto& labels = object_at(object, "metadata.labels");
    if (!selector.matches([&](std::string_view key) -> std::optional<std::string_view> {
          const auto* value = labels.if_contains(key);
          if (value == nullptr || !value->is_string()) return std::nullopt;
          return std::string_view(value->get_string());
        }))
      continue;
    ++count;
    // What one object lacks does not keep the others back.
    const auto target = target_of(session, globals, object, manifest.file);
    const auto done = target ? apply.one(*target) : Result<>(std::unexpected(target.error()));
    if (!done) tell(done.error());
  }
  for (const auto& error : manifests.bad) tell(error);
  if (count == 0) return fail(Errc::invalid, "no objects passed to apply");
  return code;
}

}  // namespace

Command apply_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{.name = "apply",
              .help = "Make objects be as files say",
              .usage = "-f FILE",
              .group = kChangeGroup,
              .flags = {selector_flag(o->selection),
                        validate_flag(o->writing),
                        {.names = "--server-side",
                         .help = "Let the server merge, by who set which field",
                         .target = &o->server_side},
                        {.names = "--force-conflicts",
                         .help = "With --server-side: take fields from others",
                         .target = &o->force_conflicts},
                        {.names = "--force",
                         .help = "Delete and make again what cannot be changed",
                         .target = &o->force},
                        {.names = "--overwrite",
                         .help = "Taken for kubectl's sake",
                         .target = &o->overwrite},
                        record_flag(o->record)},
              .examples = {"nodectl apply -f web.yaml", "cat web.yaml | nodectl apply -f -"},
              .run = [o, &globals] { return apply(globals, *o); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
