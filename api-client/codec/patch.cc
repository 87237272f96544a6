// api-client/codec/patch.cc — see patch.h.
#include "api-client/codec/patch.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api-client/codec/codec.h"
#include "base/text.h"

namespace nodal::codec {
namespace json = boost::json;
namespace {

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }
std::string_view view(json::string_view s) { return {s.data(), s.size()}; }

// ---------------------------------------------------------------- RFC 6902

constexpr std::size_t kMaxCopied = 3u
                                   << 20;  // bytes that all copy operations of one patch may make

// The parent of what a pointer names, and the last token.
struct Place {
  json::value* parent = nullptr;
  std::string token;
};

Result<Place> place_of(json::value& root, std::string_view pointer) {
  if (pointer.empty()) return Place{};
  if (pointer.front() != '/')
    return fail(Errc::invalid, text::cat("the path \"", pointer, "\" does not begin with '/'"));
  Place out{&root, {}};
  bool first = true;
  for (const auto raw : text::split(pointer.substr(1), '/')) {
    if (!first) {
      json::value* next = nullptr;
      if (auto* object = out.parent->if_object()) {
        next = object->if_contains(out.token);
      } else if (auto* list = out.parent->if_array()) {
        const auto index = text::number<std::size_t>(out.token);
        if (index && *index < list->size()) next = &(*list)[*index];
      }
      if (!next) return fail(Errc::invalid, text::cat("the path \"", pointer, "\" does not exist"));
      out.parent = next;
    }
    first = false;
    out.token.clear();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '~' && i + 1 < raw.size())
        out.token += raw[++i] == '1' ? '/' : '~';
      else
        out.token += raw[i];
    }
  }
  if (pointer == "/") out.token.clear();
  return out;
}

Result<json::value*> value_at(json::value& root, std::string_view pointer) {
  const Place place = NODAL_TRY(place_of(root, pointer));
  if (!place.parent) return &root;
  if (auto* object = place.parent->if_object())
    if (auto* value = object->if_contains(place.token)) return value;
  if (auto* list = place.parent->if_array())
    if (const auto index = text::number<std::size_t>(place.token); index && *index < list->size())
      return &(*list)[*index];
  return fail(Errc::invalid, text::cat("the path \"", pointer, "\" does not exist"));
}

std::size_t depth_of(const json::value& value) {
  std::size_t deepest = 0;
  if (const auto* object = value.if_object())
    for (const auto& member : *object) deepest = std::max(deepest, 1 + depth_of(member.value()));
  if (const auto* list = value.if_array())
    for (const auto& item : *list) deepest = std::max(deepest, 1 + depth_of(item));
  return deepest;
}

Result<> add_at(json::value& root, std::string_view pointer, json::value value) {
  // Copies of copies could grow without bound, in size and in depth.
  if (static_cast<std::size_t>(std::ranges::count(pointer, '/')) + depth_of(value) > kMaxJsonDepth)
    return fail(Errc::invalid, "the JSON patch nests too deep");
  const Place place = NODAL_TRY(place_of(root, pointer));
  if (!place.parent) {
    root = std::move(value);
    return {};
  }
  if (auto* object = place.parent->if_object()) {
    (*object)[place.token] = std::move(value);
    return {};
  }
  if (auto* list = place.parent->if_array()) {
    const auto index =
        place.token == "-" ? std::optional(list->size()) : text::number<std::size_t>(place.token);
    if (!index || *index > list->size())
      return fail(Errc::invalid, text::cat("the index of \"", pointer, "\" is out of range"));
    list->insert(list->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    return {};
  }
  return fail(Errc::invalid,
              text::cat("the path \"", pointer, "\" does not lead into an object or a list"));
}

Result<json::value> remove_at(json::value& root, std::string_view pointer) {
  json::value* value = NODAL_TRY(value_at(root, pointer));
  json::value out = std::move(*value);
  const Place place = NODAL_TRY(place_of(root, pointer));
  if (!place.parent)
    root = nullptr;
  else if (auto* object = place.parent->if_object())
    object->erase(place.token);
  else if (auto* list = place.parent->if_array())
    list->erase(list->begin() +
                static_cast<std::ptrdiff_t>(text::number<std::size_t>(place.token).value_or(0)));
  return out;
}

std::string_view member(const json::object& operation, std::string_view key) {
  const auto* value = operation.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? view(*text) : std::string_view();
}

Result<> apply_operation(json::value& root, const json::object& operation, std::size_t& copied) {
  const auto op = member(operation, "op");
  if (!operation.contains("path") || !operation.at("path").is_string())
    return fail(Errc::invalid, "an operation has no path");
  const auto path = member(operation, "path");
  const auto* value = operation.if_contains("value");
  if ((op == "add" || op == "replace" || op == "test") && !value)
    return fail(Errc::invalid, text::cat("operation \"", op, "\" of \"", path, "\" has no value"));
  if (op == "add") return add_at(root, path, *value);
  if (op == "remove") {
    NODAL_TRY(remove_at(root, path));
    return {};
  }
  if (op == "replace") {
    json::value* at = NODAL_TRY(value_at(root, path));
    *at = *value;
    return {};
  }
  if (op == "test") {
    const auto at = value_at(root, path);
    const bool same = at ? **at == *value : value->is_null();
    if (!same) return fail(Errc::invalid, text::cat("testing value ", path, " failed"));
    return {};
  }
  if (op == "move" || op == "copy") {
    const auto from = member(operation, "from");
    if (op == "move" && path.starts_with(text::cat(from, "/")))
      return fail(Errc::invalid, "a value cannot be moved into itself");
    json::value moved;
    if (op == "move") {
      moved = NODAL_TRY(remove_at(root, from));
    } else {
      moved = *NODAL_TRY(value_at(root, from));
      copied += json::serialize(moved).size();
      if (copied > kMaxCopied)
        return fail(Errc::invalid, "the copies of the JSON patch are too large");
    }
    return add_at(root, path, std::move(moved));
  }
  return fail(Errc::invalid, text::cat("unexpected kind of operation: \"", op, "\""));
}

// ---------------------------------------------------------------- strategic merge

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetain = "$retainKeys";
constexpr std::string_view kOrder = "$setElementOrder/";
constexpr std::string_view kDelete = "$deleteFromPrimitiveList/";

bool is_directive(std::string_view key) { return key.starts_with('$'); }

std::string_view directive_of(const json::object& patch) { return member(patch, kPatch); }

json::object without_directives(const json::object& patch);

// A value that is new to the target: no directives, no nulls.
json::value fresh(const json::value& value) {
  if (const auto* object = value.if_object()) return without_directives(*object);
  if (const auto* list = value.if_array()) {
    json::array out;
    for (const auto& item : *list) {
      if (const auto* object = item.if_object(); object && !directive_of(*object).empty()) continue;
      out.push_back(fresh(item));
    }
    return out;
  }
  return value;
}

json::object without_directives(const json::object& patch) {
  json::object out;
  for (const auto& [key, value] : patch)
    if (!is_directive(view(key)) && !value.is_null()) out[key] = fresh(value);
  return out;
}

json::value* find_element(json::array& list, std::string_view merge_key,
                          const json::value& wanted) {
  for (auto& item : list)
    if (auto* object = item.if_object())
      if (const auto* value = object->if_contains(merge_key); value && *value == wanted)
        return &item;
  return nullptr;
}

Result<> merge_into(json::object& target, const json::object& patch, const schema::Type* type);

std::unexpected<Error> no_merge_key(const json::value& element, std::string_view merge_key) {
  return fail(Errc::invalid, text::cat("map: ", json::serialize(element),
                                       " does not contain declared merge key: ", merge_key));
}

Result<> merge_list(json::array& target, const json::array& patch, const schema::Field& field) {
  const std::string_view key = field.patch_merge_key;
  const bool replace = std::ranges::any_of(patch, [](const json::value& item) {
    const auto* object = item.if_object();
    return object && directive_of(*object) == "replace";
  });
  if (replace) {
    target.clear();
    for (const auto& item : patch)
      if (const auto* object = item.if_object(); !object || directive_of(*object) != "replace")
        target.push_back(fresh(item));
    return {};
  }
  for (const auto& item : patch) {
    const auto* object = item.if_object();
    if (!object)
      return fail(Errc::invalid,
                  text::cat("an element of the patch list is no object: ", json::serialize(item)));
    const auto* identity = object->if_contains(key);
    if (!identity) return no_merge_key(item, key);
    const auto directive = directive_of(*object);
    json::value* present = find_element(target, key, *identity);
    if (directive == "delete") {
      while (present) {
        target.erase(target.begin() + (present - target.data()));
        present = find_element(target, key, *identity);
      }
    } else if (!directive.empty() && directive != "merge") {
      return fail(Errc::invalid, text::cat("invalid directive \"", directive, "\" in a list"));
    } else if (present) {
      NODAL_TRY(merge_into(present->get_object(), *object, field.type));
    } else {
      json::object made;
      NODAL_TRY(merge_into(made, *object, field.type));
      target.push_back(std::move(made));
    }
  }
  return {};
}

// Elements named in the order list take that order; the others stay behind the neighbour they had.
Result<> order_list(json::array& target, const json::array& order, const schema::Field& field,
                    const json::value* patch) {
  const std::string_view key = field.patch_merge_key;
  const auto identity = [&](const json::value& item) -> const json::value* {
    if (key.empty()) return &item;
    const auto* object = item.if_object();
    return object ? object->if_contains(key) : nullptr;
  };
  std::vector<const json::value*> wanted;
  for (const auto& item : order) {
    const auto* id = identity(item);
    if (!id) return no_merge_key(item, key);
    wanted.push_back(id);
  }
  const auto rank = [&](const json::value* id) {
    const auto it =
        std::ranges::find_if(wanted, [&](const json::value* w) { return id && *w == *id; });
    return static_cast<std::size_t>(it - wanted.begin());
  };
  if (patch && patch->is_array())
    for (const auto& item : patch->get_array()) {
      const auto* object = item.if_object();
      if (object && !directive_of(*object).empty()) continue;
      if (rank(identity(item)) == wanted.size())
        return fail(Errc::invalid, text::cat("The order in patch list:\n", json::serialize(*patch),
                                             "\n doesn't match ", kOrder, field.name, " list:\n",
                                             json::serialize(order)));
    }
  // Groups: an ordered element with the unordered ones behind it.
  struct Group {
    std::size_t rank;
    std::vector<json::value> items;
  };
  std::vector<json::value> lead;
  std::vector<Group> groups;
  for (auto& item : target) {
    const auto at = rank(identity(item));
    if (at < wanted.size())
      groups.push_back({at, {std::move(item)}});
    else if (groups.empty())
      lead.push_back(std::move(item));
    else
      groups.back().items.push_back(std::move(item));
  }
  std::ranges::stable_sort(groups, {}, &Group::rank);
  target.clear();
  for (auto& item : lead) target.push_back(std::move(item));
  for (auto& group : groups)
    for (auto& item : group.items) target.push_back(std::move(item));
  return {};
}

Result<> merge_member(json::object& target, std::string_view key, const json::value& value,
                      const schema::Type* type) {
  const schema::Field* field = type ? type->find(key) : nullptr;
  if (value.is_null()) {
    target.erase(key);
    return {};
  }
  if (const auto* object = value.if_object()) {
    const schema::Type* inner =
        field && field->kind == schema::Kind::object ? field->type : nullptr;
    if (directive_of(*object) == "delete") {
      target.erase(key);
      return {};
    }
    auto& present = target[key];
    if (!present.is_object()) present.emplace_object();
    // A map of objects: its values are merged by the type of its values.
    if (field && field->kind == schema::Kind::map && field->type && directive_of(*object).empty()) {
      for (const auto& [name, member_value] : *object) {
        auto& map = present.get_object();
        if (member_value.is_null()) {
          map.erase(name);
        } else if (const auto* member_object = member_value.if_object()) {
          auto& slot = map[name];
          if (!slot.is_object()) slot.emplace_object();
          NODAL_TRY(merge_into(slot.get_object(), *member_object, field->type));
        } else {
          map[name] = member_value;
        }
      }
      return {};
    }
    return merge_into(present.get_object(), *object, inner);
  }
  if (const auto* list = value.if_array()) {
    const bool merges = field && field->kind == schema::Kind::array &&
                        field->patch_strategy == schema::PatchStrategy::merge;
    if (!merges) {
      target[key] = fresh(value);
      return {};
    }
    auto& present = target[key];
    if (!present.is_array()) present.emplace_array();
    auto& have = present.get_array();
    if (field->patch_merge_key.empty()) {  // primitives: a union
      for (const auto& item : *list)
        if (std::ranges::find(have, item) == have.end()) have.push_back(item);
      return {};
    }
    return merge_list(have, *list, *field);
  }
  target[key] = value;
  return {};
}

Result<> merge_into(json::object& target, const json::object& patch, const schema::Type* type) {
  const auto directive = directive_of(patch);
  if (patch.contains(kPatch) && directive != "merge" && directive != "replace" &&
      directive != "delete")
    return fail(Errc::invalid,
                text::cat("unrecognized patch directive: ", json::serialize(patch.at(kPatch))));
  if (directive == "replace") {
    target = without_directives(patch);
    return {};
  }
  if (directive == "delete") {
    target.clear();
    return {};
  }
  if (const auto* retain = patch.if_contains(kRetain)) {
    const auto* keys = retain->if_array();
    if (!keys) return fail(Errc::invalid, "$retainKeys is no list");
    std::vector<std::string> drop;
    for (const auto& [key, value] : target)
      if (std::ranges::find_if(*keys, [&](const json::value& k) {
            return k.is_string() && view(k.get_string()) == view(key);
          }) == keys->end())
        drop.emplace_back(view(key));
    for (const auto& key : drop) target.erase(key);
  }
  for (const auto& [name, value] : patch) {
    const auto key = view(name);
    if (!key.starts_with(kDelete)) continue;
    const auto* gone = value.if_array();
    if (!gone) return fail(Errc::invalid, text::cat(key, " is no list"));
    auto* present = target.if_contains(key.substr(kDelete.size()));
    if (!present || !present->is_array()) continue;
    auto& list = present->get_array();
    for (auto it = list.begin(); it != list.end();)
      it = std::ranges::find(*gone, *it) != gone->end() ? list.erase(it) : it + 1;
  }
  for (const auto& [name, value] : patch) {
    const auto key = view(name);
    if (is_directive(key)) {
      if (key == kPatch || key == kRetain || key.starts_with(kDelete) || key.starts_with(kOrder))
        continue;
      // "$setElementOrder" and its like are the only words of this language; "$ref" and others are
      // plain keys of JSON schemas and the like.
    }
    NODAL_TRY(merge_member(target, key, value, type));
  }
  for (const auto& [name, value] : patch) {
    const auto key = view(name);
    if (!key.starts_with(kOrder)) continue;
    const auto field_name = key.substr(kOrder.size());
    const auto* order = value.if_array();
    if (!order) return fail(Errc::invalid, text::cat(key, " is no list"));
    const schema::Field* field = type ? type->find(field_name) : nullptr;
    auto* present = target.if_contains(field_name);
    if (!field || !present || !present->is_array()) continue;
    NODAL_TRY(order_list(present->get_array(), *order, *field, patch.if_contains(field_name)));
  }
  return {};
}

}  // namespace

json::value merge_patch(json::value target, const json::value& patch) {
  const auto* changes = patch.if_object();
  if (!changes) return patch;
  if (!target.is_object()) target.emplace_object();
  auto& object = target.get_object();
  for (const auto& [key, value] : *changes) {
    if (value.is_null())
      object.erase(key);
    else {
      auto& slot = object[key];
      slot = merge_patch(std::move(slot), value);
    }
  }
  return target;
}

Result<json::value> json_patch(json::value target, const json::value& patch) {
  const auto* operations = patch.if_array();
  if (!operations) return fail(Errc::invalid, "a JSON patch is a list of operations");
  if (operations->size() > 10'000)
    return fail(Errc::invalid, "The allowed maximum operations in a JSON patch is 10000, got " +
                                   std::to_string(operations->size()));
  std::size_t copied = 0;
  for (const auto& operation : *operations) {
    const auto* object = operation.if_object();
    if (!object) return fail(Errc::invalid, "an operation of the JSON patch is no object");
    NODAL_TRY(apply_operation(target, *object, copied));
  }
  return target;
}

Result<json::object> strategic_merge_patch(json::object target, const json::object& patch,
                                           const schema::Type& type) {
  NODAL_TRY(merge_into(target, patch, &type));
  return target;
}

}  // namespace nodal::codec
