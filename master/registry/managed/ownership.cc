// master/registry/managed/ownership.cc — see ownership.h: owners of writes that are no apply.
#include "master/registry/managed/ownership.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "master/registry/managed/entries.h"
#include "master/registry/managed/fields.h"
#include "master/registry/same.h"

namespace nodal::master::managed {
namespace json = boost::json;
namespace {

const json::value* stored_list(const json::object& object) {
  const auto* metadata = object.if_contains("metadata");
  return metadata && metadata->is_object() ? metadata->get_object().if_contains("managedFields")
                                           : nullptr;
}

std::string name_of(const json::object& object) {
  const auto* metadata = object.if_contains("metadata");
  const auto* name =
      metadata && metadata->is_object() ? metadata->get_object().if_contains("name") : nullptr;
  return name && name->is_string() ? std::string(name->get_string()) : std::string();
}

Answer<std::optional<Entries>> sent(const schema::Resource& resource, const json::object& object) {
  auto entries = sent_entries(object);
  if (!entries)
    return errors::invalid(resource, name_of(object),
                           {{"FieldValueInvalid", "metadata.managedFields",
                             text::cat("Invalid value: ", entries.error().message)}});
  if (*entries)
    for (Entry& entry : **entries) strip(entry.fields);
  return std::move(*entries);
}

Entry updater(const schema::Resource& resource, const Writer& writer) {
  return {.manager = writer.manager,
          .applied = false,
          .api_version = resource.api_version(),
          .subresource = writer.subresource,
          .time = writer.time,
          .fields = {}};
}

}  // namespace

Answer<> own_new(const schema::Resource& resource, json::object& object, const Writer& writer) {
  if (!resource.type) return {};
  if (auto given = NODAL_TRY(sent(resource, object))) {
    write_entries(object, std::move(*given));
    return {};
  }
  Entry entry = updater(resource, writer);
  entry.fields = difference({}, object, *resource.type).changed;
  if (resource.has_status) entry.fields.erase("f:status");
  Entries entries;
  entries.push_back(std::move(entry));
  write_entries(object, std::move(entries));
  return {};
}

Answer<> own_changed(const schema::Resource& resource, const json::object& before,
                     json::object& after, const Writer& writer) {
  const auto* stored = stored_list(before);
  const auto keep = [&] {
    auto& metadata = after["metadata"];
    if (!metadata.is_object()) metadata.emplace_object();
    if (stored)
      metadata.get_object()["managedFields"] = *stored;
    else
      metadata.get_object().erase("managedFields");
  };
  std::optional<Entries> given;
  if (const auto* now = stored_list(after);
      resource.type && writer.subresource.empty() && now && (!stored || !same(*now, *stored)))
    given = NODAL_TRY(sent(resource, after));
  if (!resource.type || (!given && !stored)) {
    keep();
    return {};
  }
  const Difference done = difference(before, after, *resource.type);
  if (!given && done.changed.empty() && done.removed.empty()) {
    keep();
    return {};
  }
  Entries entries = given ? std::move(*given) : stored_entries(before);
  if (!entries.empty()) {
    Entry mine = updater(resource, writer);
    for (Entry& entry : entries) {
      const bool own = entry.same_owner(mine);
      // Its time says when its owner last did something to it, not when others took from it.
      if (own && !common(entry.fields, done.removed).empty()) entry.time = writer.time;
      subtract(entry.fields, done.removed);
      if (!own) subtract(entry.fields, done.changed);
    }
    if (!done.changed.empty()) {
      Entry* known = find(entries, mine);
      if (!known) known = &entries.emplace_back(std::move(mine));
      add(known->fields, done.changed);
      known->time = writer.time;
    }
  }
  write_entries(after, std::move(entries));
  return {};
}

void settle_written(const schema::Resource& resource, json::object& object) {
  if (!resource.group.empty() || resource.kind != "Secret") return;
  if (const auto rule = strategy_for(resource).default_fields) rule(object);
}

void keep_times(const json::object& before, json::object& after) {
  const auto* old = stored_list(before);
  const auto* now = stored_list(after);
  if (!old || !now || *old == *now) return;
  // Later times may have put the entries into another order.
  const Entries earlier_owners = stored_entries(before);
  Entries owners = stored_entries(after);
  if (owners.size() != earlier_owners.size()) return;
  for (const Entry& entry : earlier_owners)
    if (const Entry* known = find(owners, entry);
        !known || known->fields != entry.fields || known->api_version != entry.api_version)
      return;
  for (const auto& [key, value] : after) {
    if (key == "metadata") continue;
    const auto* other = before.if_contains(key);
    if (!other || !same(*other, value)) return;
  }
  if (after.size() != before.size()) return;
  auto& metadata = after.at("metadata").get_object();
  const auto& earlier = before.at("metadata").get_object();
  for (const auto& [key, value] : metadata) {
    if (key == "managedFields" || key == "resourceVersion") continue;
    const auto* other = earlier.if_contains(key);
    if (!other || !same(*other, value)) return;
  }
  for (const auto& [key, value] : earlier)
    if (!metadata.contains(key)) return;
  metadata["managedFields"] = *old;
}

}  // namespace nodal::master::managed
