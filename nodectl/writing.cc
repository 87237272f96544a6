// nodectl/writing.cc — see writing.h.
#include "nodectl/writing.h"

#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/codec/codec.h"
#include "api-client/codec/merge_diff.h"
#include "api-client/codec/schema.h"
#include "base/file.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/manifests.h"

namespace nodal::nodectl {

namespace json = boost::json;

std::vector<Flag> writing_flags(Writing& writing) {
  return {{.names = "--dry-run",
           .value = "WHERE",
           .help = "none, client (send nothing) or server (store nothing)",
           .target = &writing.dry_run,
           .bare = "unchanged",
           .offer = Offer::words,
           .words = "none client server"},
          {.names = "-o,--output",
           .value = "FORMAT",
           .help = "Show the object: json, yaml, name, jsonpath=TEMPLATE",
           .target = &writing.output,
           .offer = Offer::words,
           .words = "json yaml name jsonpath="},
          {.names = "--field-manager",
           .value = "NAME",
           .help = "Who is said to have set the fields",
           .target = &writing.field_manager}};
}

Flag validate_flag(Writing& writing) {
  return {.names = "--validate",
          .value = "HOW",
          .help = "Unknown fields: strict (an error), warn or ignore",
          .target = &writing.validate,
          .bare = "strict",
          .offer = Offer::words,
          .words = "strict warn ignore"};
}

Result<Writer> Writer::make(Session& session, const Writing& writing, std::string_view manager) {
  Writer out(session);
  out.format_ = NODAL_TRY(parse_format(writing.output));
  out.manager_ = writing.field_manager.empty() ? std::string(manager) : writing.field_manager;
  out.client_ = writing.dry_run == "client" || writing.dry_run == "unchanged";
  out.server_ = writing.dry_run == "server";
  if (!out.client_ && !out.server_ && writing.dry_run != "none")
    return fail(Errc::invalid, text::cat("Invalid dry-run value (", writing.dry_run,
                                         "). Must be \"none\", \"server\", or \"client\"."));
  out.validation_ = writing.validate == "strict" || writing.validate == "true"    ? "Strict"
                    : writing.validate == "warn"                                  ? "Warn"
                    : writing.validate == "ignore" || writing.validate == "false" ? "Ignore"
                                                                                  : "";
  if (out.validation_.empty())
    return fail(Errc::invalid, text::cat("invalid - validate option \"", writing.validate,
                                         "\": must be one of: strict, warn, ignore"));
  return out;
}

std::string Writer::query(std::string path) const {
  if (manager_.empty()) return with_query(path, "dryRun", server_ ? "All" : "");
  path = with_query(path, "fieldManager", manager_);
  path = with_query(path, "fieldValidation", validation_);
  return with_query(path, "dryRun", server_ ? "All" : "");
}

Result<json::value> Writer::post(const Target& target, const json::value& object,
                                 std::string_view doing, bool bare) {
  if (client_) return object;
  return ask(session_.cluster, {.path = query(target.kind.path(target.ns)),
                                .method = "POST",
                                .body = codec::to_text(object),
                                .doing = std::string(doing),
                                .bare = bare});
}

Result<json::value> Writer::put(const Target& target, const json::value& object,
                                std::string_view doing) {
  if (client_) return object;
  return ask(session_.cluster, {.path = query(target.path()),
                                .method = "PUT",
                                .body = codec::to_text(object),
                                .doing = std::string(doing)});
}

Result<json::value> Writer::patch(const Target& target, std::string_view type,
                                  const std::string& body, std::string_view doing,
                                  std::string_view more_query, std::string_view subresource) {
  return ask(session_.cluster,
             {.path = query(subresource.empty() ? target.path()
                                                : text::cat(target.path(), "/", subresource)) +
                      std::string(more_query),
              .method = "PATCH",
              .body = body,
              .content_type = std::string(type),
              .doing = std::string(doing)});
}

Result<> Writer::tell(const Target& target, std::string_view done, const json::value& object) {
  if (format_.is_table()) {
    std::puts(text::cat(target.printed(), " ", done,
                        client_   ? " (dry run)"
                        : server_ ? " (server dry run)"
                                  : "")
                  .c_str());
    return {};
  }
  const auto text = NODAL_TRY(print_object(format_, session_.resources, object, headings_));
  if (!headings_ && format_.kind == Format::Kind::yaml) std::fputs("---\n", stdout);
  headings_ = false;
  std::fputs(text.c_str(), stdout);
  return {};
}

std::string typed_command() {
  const auto bytes = file::read("/proc/self/cmdline", 64 << 10);
  if (!bytes) return "nodectl";
  std::string out = "nodectl";
  bool first = true;
  for (const auto word : text::split(*bytes, '\0')) {
    if (!first && !word.empty()) out += text::cat(" ", word);
    first = false;
  }
  return out;
}

Flag record_flag(bool& record) {
  return {.names = "--record",
          .help = "Keep the command as the revision's change cause",
          .target = &record};
}

const char* patch_type(const ResourceKind& kind) {
  return schema::find_kind(kind.group, kind.version, kind.kind) != nullptr ? kStrategicPatch
                                                                           : kMergePatch;
}

Result<std::string> patch_between(const ResourceKind& kind, const json::value& before,
                                  const json::value& after) {
  const auto* known = schema::find_kind(kind.group, kind.version, kind.kind);
  if (known == nullptr || !before.is_object() || !after.is_object())
    return codec::merge_diff(codec::to_text(before), codec::to_text(after));
  return codec::to_text(
      apply_patch(before.get_object(), after.get_object(), before.get_object(), known->type));
}

Result<> change_object(Session& session, Writer& writer, const Target& target,
                       std::string_view done, std::string_view unchanged,
                       const std::function<Result<>(json::object& object)>& edit) {
  const auto before = NODAL_TRY(ask(session.cluster, {.path = target.path()}));
  if (!before.is_object()) return fail(Errc::invalid, "the server's answer is no object");
  auto after = before;
  NODAL_TRY(edit(after.get_object()));
  const auto patch = NODAL_TRY(patch_between(target.kind, before, after));
  if (patch == "{}") return unchanged.empty() ? Result<>() : writer.tell(target, unchanged, before);
  if (writer.only_here()) return writer.tell(target, done, after);
  return writer.tell(target, done, NODAL_TRY(writer.patch(target, patch_type(target.kind), patch)));
}

Result<int> for_each(const std::vector<Target>& targets,
                     const std::function<Result<>(const Target&)>& change) {
  int code = 0;
  for (const auto& target : targets)
    if (const auto done = change(target); !done) {
      std::fflush(stdout);
      report_now(done.error());
      code = 1;
    }
  return code;
}

Result<int> for_each(const Chosen& chosen, const std::function<Result<>(const Target&)>& change) {
  const int code = NODAL_TRY(for_each(chosen.targets, change));
  if (chosen.bad.empty()) return code;
  std::fflush(stdout);
  for (const auto& error : chosen.bad) report_now(error);
  return 1;
}

}  // namespace nodal::nodectl
