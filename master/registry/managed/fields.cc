// master/registry/managed/fields.cc — see fields.h.
#include "master/registry/managed/fields.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "master/registry/same.h"

namespace nodal::master::managed {
namespace json = boost::json;
namespace {

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::string field_element(json::string_view name) { return "f:" + std::string(view(name)); }

// Of metadata: what the server keeps itself.
constexpr std::string_view kServerOwned[] = {"name",
                                             "namespace",
                                             "uid",
                                             "resourceVersion",
                                             "generation",
                                             "creationTimestamp",
                                             "deletionTimestamp",
                                             "deletionGracePeriodSeconds",
                                             "selfLink",
                                             "managedFields"};

bool is_empty(const json::value& value) {
  return (value.is_object() && value.get_object().empty()) ||
         (value.is_array() && value.get_array().empty());
}

// ---------------------------------------------------------------- what a document names

class Namer {
 public:
  Result<FieldSet> below(const json::value& value, const Place& place) {
    FieldSet out;
    if (const auto* list = value.if_array()) {
      std::size_t index = 0;
      for (const auto& item : *list) {
        auto element = element_of(item, place);
        if (!element)
          return fail(Errc::invalid,
                      text::cat(path_, ": element ", index, ": ", element.error().message));
        ++index;
        if (out.contains(*element)) {
          FieldSet twice;
          put(twice, *element, {}, true);
          return fail(Errc::invalid,
                      text::cat(path_, ": duplicate entries for key ", paths(twice).front()));
        }
        NODAL_TRY(one(item, place.element(), *element, true, out));
      }
      return out;
    }
    for (const auto& [name, inner] : value.get_object()) {
      const std::size_t size = path_.size();
      path_ += text::cat(".", view(name));
      NODAL_TRY(one(inner, place.inner(view(name)), field_element(name), place.shape == Shape::keys,
                    out));
      path_.resize(size);
    }
    return out;
  }

 private:
  // `member`: the element counts itself, not only what is in it.
  Result<> one(const json::value& value, const Place& place, std::string_view element, bool member,
               FieldSet& out) {
    if (place.shape == Shape::whole || !fits(value, place.shape)) {
      put(out, element, {}, true);
      return {};
    }
    FieldSet branch = NODAL_TRY(below(value, place));
    member = member || (value.is_object() && is_empty(value));
    put(out, element, std::move(branch), member);
    return {};
  }

  std::string path_;
};

// ---------------------------------------------------------------- in what two differ

// Always there in the API's own structs: a plain struct, or a list that is never left out.
bool always_there(const Place& place) {
  if (!place.field || place.field->pointer) return false;
  if (place.shape == Shape::fields) return true;
  return place.field->required && (place.shape == Shape::items || place.shape == Shape::set);
}

using Side = const json::value*;  // null: absent

void compare(Side before, Side after, const Place& place, std::string_view element, bool fresh,
             Difference& out);

void compare_lists(const json::array* before, const json::array* after, const Place& place,
                   bool fresh, Difference& out) {
  struct Known {
    Side item;
    bool kept = false;
  };
  std::unordered_map<std::string, Known> old;
  if (before)
    for (const auto& item : *before) old.emplace(element_of_stored(item, place), Known{&item});
  if (after)
    for (const auto& item : *after) {
      const std::string element = element_of_stored(item, place);
      const auto it = old.find(element);
      if (it != old.end()) it->second.kept = true;
      compare(it == old.end() ? nullptr : it->second.item, &item, place.element(), element, fresh,
              out);
    }
  for (const auto& [element, known] : old)
    if (!known.kept) compare(known.item, nullptr, place.element(), element, fresh, out);
}

void compare_below(Side before, Side after, const Place& place, bool fresh, Difference& out) {
  if (place.shape == Shape::set || place.shape == Shape::items)
    return compare_lists(before ? before->if_array() : nullptr, after ? after->if_array() : nullptr,
                         place, fresh, out);
  const auto* old = before ? before->if_object() : nullptr;
  const auto* now = after ? after->if_object() : nullptr;
  if (now)
    for (const auto& [name, value] : *now)
      compare(old ? old->if_contains(name) : nullptr, &value, place.inner(view(name)),
              field_element(name), fresh, out);
  if (old)
    for (const auto& [name, value] : *old)
      if (!now || !now->contains(name))
        compare(&value, nullptr, place.inner(view(name)), field_element(name), fresh, out);
}

// `fresh`: what is around came or goes as a whole.
void compare(Side before, Side after, const Place& place, std::string_view element, bool fresh,
             Difference& out) {
  const bool whole = place.shape == Shape::whole || (before && !fits(*before, place.shape)) ||
                     (after && !fits(*after, place.shape));
  if (before && after) {
    if (same(*before, *after)) return;
    if (whole) return put(out.changed, element, {}, true);
  } else if (whole) {
    return put(after ? out.changed : out.removed, element, {}, true);
  }
  const bool permanent = !fresh && always_there(place);
  const bool member = !permanent && (!before || !after);
  Difference below;
  compare_below(before, after, place, fresh || member, below);
  put(out.changed, element, std::move(below.changed), member && after);
  put(out.removed, element, std::move(below.removed), member && before);
}

// Member by member, without the objects around them.
void compare_members(const json::object& before, const json::object& after, const Place& place,
                     bool (*skipped)(std::string_view), Difference& out) {
  for (const auto& [name, value] : after)
    if (!skipped(view(name)))
      compare(before.if_contains(name), &value, place.inner(view(name)), field_element(name), false,
              out);
  for (const auto& [name, value] : before)
    if (!skipped(view(name)) && !after.contains(name))
      compare(&value, nullptr, place.inner(view(name)), field_element(name), false, out);
}

}  // namespace

Result<FieldSet> fields_of(const json::object& object, const schema::Type& type) {
  FieldSet out = NODAL_TRY(Namer().below(object, Place::top(type)));
  strip(out);
  return out;
}

Difference difference(const json::object& before, const json::object& after,
                      const schema::Type& type) {
  Difference out;
  const auto place = Place::top(type);
  compare_members(
      before, after, place,
      [](std::string_view name) {
        return name == "kind" || name == "apiVersion" || name == "metadata";
      },
      out);
  const auto metadata_of = [](const json::object& object) -> const json::object& {
    static const json::object none;
    const auto* value = object.if_contains("metadata");
    return value && value->is_object() ? value->get_object() : none;
  };
  Difference metadata;
  compare_members(
      metadata_of(before), metadata_of(after), place.inner("metadata"),
      [](std::string_view name) {
        return std::ranges::find(kServerOwned, name) != std::end(kServerOwned);
      },
      metadata);
  put(out.changed, "f:metadata", std::move(metadata.changed), false);
  put(out.removed, "f:metadata", std::move(metadata.removed), false);
  return out;
}

void strip(FieldSet& set) {
  set.erase("f:kind");
  set.erase("f:apiVersion");
  auto* metadata = set.if_contains("f:metadata");
  if (!metadata) return;
  FieldSet& inner = metadata->get_object();
  inner.erase(".");
  for (const auto name : kServerOwned) inner.erase(text::cat("f:", name));
  if (inner.empty()) set.erase("f:metadata");
}

}  // namespace nodal::master::managed
