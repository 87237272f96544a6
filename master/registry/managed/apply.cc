// master/registry/managed/apply.cc — see ownership.h: server-side apply.
#include <boost/json.hpp>
#include <map>

#include "api-client/codec/codec.h"
#include "api-client/codec/pruning.h"
#include "base/text.h"
#include "master/registry/managed/entries.h"
#include "master/registry/managed/fields.h"
#include "master/registry/managed/merge.h"
#include "master/registry/managed/ownership.h"

namespace nodal::master::managed {
namespace json = boost::json;
namespace {

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::size_t kMostAnnotations = 256u << 10;  ///< bytes of one object

std::string_view text_at(const json::object& object, std::string_view outer,
                         std::string_view inner) {
  const auto* value = object.if_contains(outer);
  const auto* member =
      value && value->is_object() ? value->get_object().if_contains(inner) : nullptr;
  const auto* text = member ? member->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

const json::string* last_applied(const json::object& object) {
  const auto* metadata = object.if_contains("metadata");
  const auto* annotations = metadata && metadata->is_object()
                                ? metadata->get_object().if_contains("annotations")
                                : nullptr;
  const auto* value = annotations && annotations->is_object()
                          ? annotations->get_object().if_contains(kLastApplied)
                          : nullptr;
  return value ? value->if_string() : nullptr;
}

Answer<FieldSet> named_fields(const schema::Resource& resource, const json::object& applied) {
  auto fields = fields_of(applied, *resource.type);
  if (!fields) {
    const auto ns = text_at(applied, "metadata", "namespace");
    return errors::bad_request(
        text::cat("failed to create typed patch object (", ns, ns.empty() ? "" : "/",
                  text_at(applied, "metadata", "name"), "; ", resource.api_version(),
                  ", Kind=", resource.kind, "): ", fields.error().message));
  }
  return std::move(*fields);
}

Entry applier(const schema::Resource& resource, const Writer& writer, FieldSet fields) {
  return {.manager = writer.manager,
          .applied = true,
          .api_version = resource.api_version(),
          .subresource = writer.subresource,
          .time = writer.time,
          .fields = std::move(fields)};
}

// An owner as conflicts name it.
std::string told(const Entry& entry) {
  std::string out = quoted(entry.manager);
  if (!entry.subresource.empty()) out += text::cat(" with subresource ", quoted(entry.subresource));
  if (!entry.applied) out += text::cat(" using ", entry.api_version);
  return out;
}

ApiError conflict_error(const std::map<std::string, std::vector<std::string>>& conflicts) {
  ApiError error;
  error.code = 409;
  error.reason = "Conflict";
  for (const auto& [owner, fields] : conflicts)
    for (const auto& field : fields)
      error.causes.push_back({"FieldManagerConflict", field, text::cat("conflict with ", owner)});
  if (error.causes.size() == 1) {
    error.message = text::cat("Apply failed with 1 conflict: ", error.causes.front().message, ": ",
                              error.causes.front().field);
    return error;
  }
  error.message = text::cat("Apply failed with ", error.causes.size(), " conflicts: ");
  bool first = true;
  for (const auto& [owner, fields] : conflicts) {
    error.message += text::cat(first ? "" : "\n", "conflicts with ", owner, ":");
    first = false;
    for (const auto& field : fields) error.message += text::cat("\n- ", field);
  }
  return error;
}

// What `kubectl apply` without --server-side wrote and nobody has changed since: its owner is the
// same person, so taking it over is no conflict.
FieldSet own_client_side(const schema::Resource& resource, const json::object& live) {
  const schema::Type& type = *resource.type;
  const auto* text = last_applied(live);
  if (!text) return {};
  auto parsed = codec::parse(std::string_view(text->data(), text->size()));
  if (!parsed || !parsed->is_object()) return {};
  json::object& wanted = parsed->get_object();
  std::vector<std::string> unknown;
  if (!codec::prune(wanted, type, unknown)) return {};
  settle_written(resource, wanted);
  auto fields = fields_of(wanted, type);
  if (!fields) return {};
  subtract(*fields, difference(live, merge(live, wanted, type), type).changed);
  return std::move(*fields);
}

// Keeps the annotation of `kubectl apply` true for those who go back to it.
void follow_last_applied(json::object& object, const json::object& applied) {
  if (!last_applied(object) || last_applied(applied)) return;
  auto& annotations = object["metadata"].get_object()["annotations"].get_object();
  const std::string text = json::serialize(applied) + "\n";
  std::size_t size = text.size();
  for (const auto& [key, value] : annotations)
    if (key != kLastApplied)
      size += key.size() + (value.is_string() ? value.get_string().size() : 0);
  if (size <= kMostAnnotations)
    annotations[kLastApplied] = text;
  else
    annotations.erase(kLastApplied);
}

// Everything that is there, for objects that nobody kept owners of.
Entry before_first_apply(const schema::Resource& resource, const json::object& live,
                         const Writer& writer) {
  Entry out = applier(resource, writer, difference({}, live, *resource.type).changed);
  out.manager = "before-first-apply";
  out.applied = false;
  out.subresource.clear();
  if (resource.has_status) out.fields.erase("f:status");
  return out;
}

}  // namespace

Answer<> own_applied(const schema::Resource& resource, json::object& object,
                     const json::object& applied, const Writer& writer) {
  if (!resource.type) return {};
  Entries entries;
  entries.push_back(applier(resource, writer, NODAL_TRY(named_fields(resource, applied))));
  write_entries(object, std::move(entries));
  return {};
}

Answer<json::object> apply(const schema::Resource& resource, const json::object& live,
                           const json::object& applied, const Writer& writer, bool force) {
  const schema::Type& type = *resource.type;
  Entry mine = applier(resource, writer, NODAL_TRY(named_fields(resource, applied)));
  Entries entries = stored_entries(live);
  if (entries.empty()) entries.push_back(before_first_apply(resource, live, writer));

  FieldSet owned = mine.fields;
  FieldSet last;
  for (const Entry& entry : entries) {
    if (!entry.same_owner(mine)) {
      add(owned, entry.fields);
      continue;
    }
    last = entry.fields;
  }
  json::object out = merge(live, applied, type);
  remove(out, doomed(last, owned, type), type);
  const Difference done = difference(live, out, type);

  const bool from_kubectl = writer.manager == "kubectl" && writer.subresource.empty();
  if (!force) {
    std::map<std::string, std::vector<std::string>> conflicts;
    const FieldSet free = from_kubectl ? own_client_side(resource, live) : FieldSet();
    for (const Entry& entry : entries) {
      if (entry.same_owner(mine)) continue;
      FieldSet hit = common(entry.fields, done.changed);
      subtract(hit, free);
      if (!hit.empty()) conflicts.emplace(told(entry), paths(hit));
    }
    if (!conflicts.empty()) return std::unexpected(conflict_error(conflicts));
  }
  std::erase_if(entries, [&](const Entry& entry) { return entry.same_owner(mine); });
  for (Entry& entry : entries) {
    subtract(entry.fields, done.changed);
    subtract(entry.fields, done.removed);
  }
  entries.push_back(std::move(mine));
  write_entries(out, std::move(entries));
  if (from_kubectl) follow_last_applied(out, applied);
  return out;
}

}  // namespace nodal::master::managed
