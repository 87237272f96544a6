// nodectl/commands/edit.cc — edit: objects in an editor.
#include <unistd.h>
#include <boost/json/object.hpp>
#include <cstdio>
#include <cstdlib>

#include "api-client/codec/codec.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/program.h"
#include "nodectl/writing.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr const char* kHead =
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n"
    "#\n";

struct Options {
  Selection selection;
  Writing writing;
};

std::vector<std::string> editor() {
  const char* chosen = std::getenv("KUBE_EDITOR");
  if (chosen == nullptr || *chosen == '\0') chosen = std::getenv("EDITOR");
  if (chosen == nullptr || *chosen == '\0') chosen = "vi";
  // As a shell reads it: the variable may hold arguments and quotes.
  return {"sh", "-c", text::cat(chosen, " \"$1\""), chosen};
}

std::string without_comments(std::string_view text) {
  std::string out;
  for (const auto line : text::split(text, '\n'))
    if (!line.starts_with('#')) out += text::cat(line, "\n");
  return out;
}

class Edit {
 public:
  Edit(Session& session, Writer& writer, std::string folder)
      : session_(session), writer_(writer), path_(folder + "/edit.yaml") {}

  Result<> one(const Target& target) {
    const auto before = NODAL_TRY(ask(session_.cluster, {.path = target.path()}));
    auto shown = before;
    make_object(shown.get_object(), "metadata").erase("managedFields");
    const auto original = NODAL_TRY(json_to_yaml(codec::to_text(shown)));
    std::string text = original, trouble;
    for (;;) {
      NODAL_TRY(file::write(path_, text::cat(kHead, trouble, text), 0600));
      auto command = editor();
      command.push_back(path_);
      if (const int code = NODAL_TRY(run_program(command)); code != 0)
        return fail(Errc::internal, text::cat("the editor \"", command[3], "\" ended with ", code));
      const auto edited = without_comments(NODAL_TRY(file::read(path_, 4 << 20)));
      if (text::trim(edited).empty()) return cancelled("Edit cancelled, saved file was empty.");
      if (edited == without_comments(text)) {
        if (trouble.empty()) return cancelled("Edit cancelled, no changes made.");
        return fail(Errc::invalid,
                    text::cat("Edit cancelled, no valid changes were saved.\n", kept()));
      }
      const auto done = save(target, shown, edited);
      if (done) return {};
      report_now(done.error());
      // Once more, with what was wrong above it.
      trouble.clear();
      for (const auto line : text::split(done.error().message, '\n'))
        trouble += text::cat("# ", line, "\n");
      trouble += "#\n";
      text = edited;
    }
  }

 private:
  static Result<> cancelled(const char* why) {
    std::fputs(text::cat(why, "\n").c_str(), stderr);
    return {};
  }
  std::string kept() const {
    const auto copy = text::cat("/tmp/nodectl-edit-", ::getpid(), ".yaml");
    const auto text = file::read(path_, 4 << 20);
    if (!text || !file::write(copy, *text, 0600)) return "";
    return text::cat("A copy of your changes has been stored to \"", copy, "\"");
  }

  Result<> save(const Target& target, const json::value& shown, const std::string& edited) {
    const auto documents = NODAL_TRY(yaml_to_json(edited));
    if (documents.size() != 1) return fail(Errc::invalid, "one object is needed");
    const auto wanted = NODAL_TRY(codec::parse(documents.front()));
    if (text_at(wanted, "metadata.name") != target.name ||
        text_at(wanted, "kind") != target.kind.kind)
      return fail(Errc::invalid, "the name and the kind of the object may not be changed");
    const auto patch = NODAL_TRY(patch_between(target.kind, shown, wanted));
    if (patch == "{}") return cancelled("Edit cancelled, no changes made.");
    return writer_.tell(target, "edited",
                        NODAL_TRY(writer_.patch(target, patch_type(target.kind), patch)));
  }

  Session& session_;
  Writer& writer_;
  const std::string path_;
};

Result<int> edit(const Globals& globals, const Options& o) {
  auto session = NODAL_TRY(open_session(globals));
  auto writer = NODAL_TRY(Writer::make(session, o.writing, "kubectl-edit"));
  const auto folder = NODAL_TRY(ScratchFolder::make("nodectl-edit"));
  Edit edit(session, writer, folder.path());
  return for_each(NODAL_TRY(choose(session, globals, o.selection)),
                  [&](const Target& target) { return edit.one(target); });
}

}  // namespace

Command edit_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{
      .name = "edit",
      .help = "Change objects in an editor",
      .usage = "TYPE NAME | TYPE/NAME",
      .group = kChangeGroup,
      .flags = {validate_flag(o->writing)},
      .args = &o->selection.what,
      .offer = Offer::objects,
      .examples = {"nodectl edit deployment web", "KUBE_EDITOR=nano nodectl edit configmap/conf"},
      .run = [o, &globals] { return edit(globals, *o); }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
