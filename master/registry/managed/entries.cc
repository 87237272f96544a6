// master/registry/managed/entries.cc — see entries.h.
#include "master/registry/managed/entries.h"

#include <algorithm>
#include <tuple>

#include "api-client/codec/time.h"
#include "base/text.h"

namespace nodal::master::managed {
namespace json = boost::json;
namespace {

constexpr std::string_view kAncient = "ancient-changes";
constexpr std::size_t kMostEntries = 100;

std::string text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}

const json::value* list_of(const json::object& object) {
  const auto* metadata = object.if_contains("metadata");
  return metadata && metadata->is_object() ? metadata->get_object().if_contains("managedFields")
                                           : nullptr;
}

// All but the fields.
Entry head_of(const json::object& object) {
  return {text_at(object, "manager"),    text_at(object, "operation") == "Apply",
          text_at(object, "apiVersion"), text_at(object, "subresource"),
          text_at(object, "time"),       {}};
}

json::object document_of(Entry&& entry) {
  json::object out;
  out["manager"] = entry.manager;
  out["operation"] = entry.applied ? "Apply" : "Update";
  out["apiVersion"] = entry.api_version;
  if (!entry.time.empty()) out["time"] = entry.time;
  out["fieldsType"] = "FieldsV1";
  out["fieldsV1"] = std::move(entry.fields);
  if (!entry.subresource.empty()) out["subresource"] = entry.subresource;
  return out;
}

auto rank(const Entry& entry) {
  return std::tie(entry.time, entry.manager, entry.api_version, entry.subresource);
}

// The oldest updaters become one, so that an object that many programs write stays small.
void cap(Entries& sorted) {
  const auto first = std::ranges::find(sorted, false, &Entry::applied);
  const auto count = static_cast<std::size_t>(sorted.end() - first);
  if (count <= kMaxUpdaters) return;
  const auto keep = sorted.end() - static_cast<std::ptrdiff_t>(kMaxUpdaters - 1);
  Entry ancient = std::move(*first);
  ancient.manager = kAncient;
  ancient.subresource.clear();
  for (auto it = first + 1; it != keep; ++it) add(ancient.fields, it->fields);
  *first = std::move(ancient);
  sorted.erase(first + 1, keep);
}

Result<Entry> sent_entry(const json::value& value) {
  const auto* object = value.if_object();
  if (!object) return fail(Errc::invalid, "an entry is no object");
  Entry out = head_of(*object);
  if (const auto operation = text_at(*object, "operation");
      operation != "Apply" && operation != "Update")
    return fail(Errc::invalid, "operation must be `Apply` or `Update`");
  if (const auto type = text_at(*object, "fieldsType"); !type.empty() && type != "FieldsV1")
    return fail(Errc::invalid, "fieldsType must be `FieldsV1`");
  if (out.api_version.empty()) return fail(Errc::invalid, "apiVersion must not be empty");
  if (out.manager.size() > 128)
    return fail(Errc::invalid, "manager may not be more than 128 bytes");
  if (!out.time.empty()) {
    const auto time = parse_time(out.time);
    if (!time) return fail(Errc::invalid, "time must be an RFC 3339 time");
    out.time = format_time(*time);
  }
  const auto* fields = object->if_contains("fieldsV1");
  if (fields && !fields->is_null()) out.fields = NODAL_TRY(parse_field_set(*fields));
  return out;
}

}  // namespace

bool Entry::same_owner(const Entry& other) const {
  return manager == other.manager && applied == other.applied && subresource == other.subresource &&
         (applied || api_version == other.api_version);
}

Entries stored_entries(const json::object& object) {
  Entries out;
  const auto* list = list_of(object);
  if (!list || !list->is_array()) return out;
  for (const auto& item : list->get_array()) {
    const auto* stored = item.if_object();
    if (!stored) continue;
    out.push_back(head_of(*stored));
    if (const auto* fields = stored->if_contains("fieldsV1"); fields && fields->is_object())
      out.back().fields = fields->get_object();
  }
  return out;
}

Result<std::optional<Entries>> sent_entries(const json::object& object) {
  const auto* value = list_of(object);
  if (!value || value->is_null()) return std::nullopt;
  const auto* list = value->if_array();
  if (!list) return fail(Errc::invalid, "must be a list");
  if (list->empty()) return std::nullopt;
  if (list->size() == 1 && list->front().is_object() && list->front().get_object().empty())
    return Entries();
  if (list->size() > kMostEntries)
    return fail(Errc::invalid, text::cat("must have at most ", kMostEntries, " items"));
  Entries out;
  for (const auto& item : *list) {
    Entry entry = NODAL_TRY(sent_entry(item));
    if (Entry* same = find(out, entry))
      add(same->fields, entry.fields);
    else
      out.push_back(std::move(entry));
  }
  return out;
}

void write_entries(json::object& object, Entries entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.fields.empty(); });
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return a.applied != b.applied ? a.applied : rank(a) < rank(b);
  });
  cap(entries);
  auto& metadata = object["metadata"];
  if (!metadata.is_object()) metadata.emplace_object();
  if (entries.empty()) {
    metadata.get_object().erase("managedFields");
    return;
  }
  json::array list;
  list.reserve(entries.size());
  for (Entry& entry : entries) list.push_back(document_of(std::move(entry)));
  metadata.get_object()["managedFields"] = std::move(list);
}

Entry* find(Entries& entries, const Entry& owner) {
  const auto it =
      std::ranges::find_if(entries, [&](const Entry& entry) { return entry.same_owner(owner); });
  return it == entries.end() ? nullptr : &*it;
}

}  // namespace nodal::master::managed
