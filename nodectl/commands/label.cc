// nodectl/commands/label.cc — label, annotate.
#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/manifests.h"
#include "nodectl/marks.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  Writing writing;
  std::string resource_version;
  bool overwrite = false, list = false;
};

Result<> show(const Target& target, const json::object& marks, std::string_view what, bool many) {
  if (many)
    std::puts(text::cat("Listing ", what, "s for ", target.kind.kind, ".", target.kind.group, "/",
                        target.name, ":")
                  .c_str());
  for (const auto& key : keys_of(marks))
    std::puts(text::cat(many ? " " : "", key, "=", printable(text_of(marks.at(key)))).c_str());
  return {};
}

// @param field  "labels" or "annotations"
Result<int> mark(const Globals& globals, Options o, const std::string& what,
                 const std::string& field) {
  const bool labels = what == "label";
  const auto marks = NODAL_TRY(take_marks(o.selection.what, what));
  if (marks.set.empty() && marks.removed.empty() && !o.list)
    return fail(Errc::invalid, text::cat("at least one ", what, " update is required"));
  auto session = NODAL_TRY(open_session(globals));
  auto writer =
      NODAL_TRY(Writer::make(session, o.writing, labels ? "kubectl-label" : "kubectl-annotate"));
  const auto chosen = NODAL_TRY(choose(session, globals, o.selection));
  return for_each(chosen, [&](const Target& target) -> Result<> {
    const auto path = text::cat("metadata.", field);
    const auto object = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
    const auto now = object_at(object, path);
    if (o.list) return show(target, now, what, chosen.targets.size() > 1);
    std::vector<std::string> missing;
    auto changed = marked(now, marks, o.overwrite, missing);
    if (!changed && !labels)
      return wrap("--overwrite is false but found the following declared annotation(s)",
                  changed.error());
    if (!changed)
      return fail(changed.error().code,
                  text::cat(changed.error().message, ", and --overwrite is false"));
    const auto wanted = *changed;
    if (!labels) missing.clear();  // as kubectl has it, only labels are missed
    for (const auto& key : missing) std::puts(text::cat(what, " \"", key, "\" not found.").c_str());
    const bool same = wanted == now;
    const auto told = !labels ? "annotated"
                      : same  ? "not labeled"
                      : !o.overwrite && sorted_json(wanted).size() < sorted_json(now).size()
                          ? "unlabeled"
                          : "labeled";
    if (same || writer.only_here()) {
      auto shown = object;
      make_object(shown.get_object(), "metadata")[field] = wanted;
      return writer.tell(target, told, shown);
    }
    json::object change;
    for (const auto& [key, value] : marks.set) change[key] = value;
    for (const auto& key : marks.removed)
      if (now.contains(key)) change[key] = nullptr;
    json::object metadata{{field, change}};
    if (!o.resource_version.empty()) metadata["resourceVersion"] = o.resource_version;
    return writer.tell(
        target, told,
        NODAL_TRY(writer.patch(target, kMergePatch,
                               codec::to_text(json::object{{"metadata", std::move(metadata)}}))));
  });
}

Command command(const Globals& globals, std::string name, const std::string& what,
                const std::string& field, std::string help) {
  const auto o = std::make_shared<Options>();
  Command out{
      .name = name,
      .help = std::move(help),
      .usage = "TYPE NAME KEY=VALUE … KEY- …",
      .group = kChangeGroup,
      .flags = {{.names = "--overwrite",
                 .help = "Also what has another value",
                 .target = &o->overwrite},
                {.names = "--list", .help = text::cat("Show the ", field), .target = &o->list},
                {.names = "--resource-version",
                 .value = "VERSION",
                 .help = "Only when nobody changed it since",
                 .target = &o->resource_version},
                selector_flag(o->selection),
                all_flag(o->selection),
                namespaces_flag(o->selection),
                {.names = "--field-selector",
                 .value = "FIELDS",
                 .help = "Only what has these fields",
                 .target = &o->selection.field_selector}},
      .args = &o->selection.what,
      .offer = Offer::objects,
      .examples = {text::cat("nodectl ", name, " pod web tier=front"),
                   text::cat("nodectl ", name, " pod web tier-")},
      .run = [o, what, field, &globals] { return mark(globals, *o, what, field); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  for (auto& flag : writing_flags(o->writing)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace

Command label_command(const Globals& globals) {
  return command(globals, "label", "label", "labels", "Set or remove labels");
}

Command annotate_command(const Globals& globals) {
  return command(globals, "annotate", "annotation", "annotations", "Set or remove annotations");
}

}  // namespace nodal::nodectl
