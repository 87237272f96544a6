// master/registry/managed/merge.cc — see merge.h.
#include "master/registry/managed/merge.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace nodal::master::managed {
namespace json = boost::json;
namespace {

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

json::value merged(const json::value& live, const json::value& applied, const Place& place);

std::vector<std::string> elements_of(const json::array& list, const Place& place) {
  std::vector<std::string> out;
  out.reserve(list.size());
  for (const auto& item : list) out.push_back(element_of_stored(item, place));
  return out;
}

json::array merged_list(const json::array& live, const json::array& applied, const Place& place) {
  const auto old = elements_of(live, place), wanted = elements_of(applied, place);
  std::unordered_map<std::string_view, std::size_t> at_live, at_applied;
  for (std::size_t i = 0; i < old.size(); ++i) at_live.emplace(old[i], i);
  for (std::size_t i = 0; i < wanted.size(); ++i) at_applied.emplace(wanted[i], i);

  json::array out;
  std::size_t next = 0;  // of the applied items
  const auto emit_applied = [&](std::size_t end) {
    for (; next < end; ++next) {
      const auto it = at_live.find(wanted[next]);
      out.push_back(it == at_live.end() ? applied[next]
                                        : merged(live[it->second], applied[next], place.element()));
    }
  };
  for (std::size_t i = 0; i < live.size(); ++i) {
    const auto it = at_applied.find(old[i]);
    if (it == at_applied.end())
      out.push_back(live[i]);
    else
      emit_applied(std::max(next, it->second + 1));  // nothing when it is there already
  }
  emit_applied(applied.size());
  return out;
}

json::object merged_object(const json::object& live, const json::object& applied,
                           const Place& place) {
  json::object out = live;
  for (const auto& [name, value] : applied) {
    auto* present = out.if_contains(name);
    if (!present)
      out[name] = value;
    else
      *present = merged(*present, value, place.inner(view(name)));
  }
  return out;
}

json::value merged(const json::value& live, const json::value& applied, const Place& place) {
  if (place.shape == Shape::whole || !fits(live, place.shape) || !fits(applied, place.shape))
    return applied;
  if (place.shape == Shape::fields || place.shape == Shape::keys)
    return merged_object(live.get_object(), applied.get_object(), place);
  return merged_list(live.get_array(), applied.get_array(), place);
}

FieldSet doomed_below(const FieldSet& last, const FieldSet* owned, const Place& place) {
  FieldSet out;
  for (const auto& [key, value] : last) {
    if (key == ".") continue;
    const FieldSet& branch = value.get_object();
    const auto* kept_value = owned ? owned->if_contains(key) : nullptr;
    const FieldSet* kept = kept_value ? &kept_value->get_object() : nullptr;
    const bool named = place.shape == Shape::fields && key.starts_with("f:");
    const bool may_go = named || is_member(branch);
    const bool stays = kept && (named || is_member(*kept));
    if (may_go && !stays)
      put(out, view(key), {}, true);
    else
      put(out, view(key), doomed_below(branch, kept, place.step(view(key))), false);
  }
  return out;
}

bool is_empty(const json::value& value) {
  return (value.is_object() && value.get_object().empty()) ||
         (value.is_array() && value.get_array().empty());
}

void remove_below(json::value& value, const FieldSet& what, const Place& place) {
  if (place.shape == Shape::whole || !fits(value, place.shape)) return;
  if (auto* object = value.if_object()) {
    for (const auto& [key, branch] : what) {
      if (!key.starts_with("f:")) continue;
      const auto name = view(key).substr(2);
      auto* inner = object->if_contains(name);
      if (!inner) continue;
      bool gone = is_member(branch.get_object());
      if (!gone) {
        remove_below(*inner, branch.get_object(), place.inner(name));
        gone = is_empty(*inner);
      }
      if (gone) object->stable_erase(name);
    }
    return;
  }
  auto& list = value.get_array();
  json::array out;
  for (auto& item : list) {
    const auto* branch = what.if_contains(element_of_stored(item, place));
    if (branch) {
      if (is_member(branch->get_object())) continue;
      remove_below(item, branch->get_object(), place.element());
      if (is_empty(item)) continue;
    }
    out.push_back(std::move(item));
  }
  list = std::move(out);
}

}  // namespace

json::object merge(const json::object& live, const json::object& applied,
                   const schema::Type& type) {
  json::object changes = applied;
  changes.erase("kind");
  changes.erase("apiVersion");
  return merged_object(live, changes, Place::top(type));
}

FieldSet doomed(const FieldSet& last, const FieldSet& owned, const schema::Type& type) {
  const auto place = Place::top(type);
  FieldSet rest = last;
  const auto* metadata = rest.if_contains("f:metadata");
  FieldSet inner;
  if (metadata) {
    const auto* kept = owned.if_contains("f:metadata");
    inner = doomed_below(metadata->get_object(), kept ? &kept->get_object() : nullptr,
                         place.inner("metadata"));
    rest.erase("f:metadata");
  }
  FieldSet out = doomed_below(rest, &owned, place);
  put(out, "f:metadata", std::move(inner), false);
  return out;
}

void remove(json::object& object, const FieldSet& what, const schema::Type& type) {
  json::value whole = std::move(object);
  remove_below(whole, what, Place::top(type));
  object = std::move(whole.get_object());
}

}  // namespace nodal::master::managed
