// nodectl/pod_template.cc — see pod_template.h.
#include "nodectl/pod_template.h"

#include <algorithm>
#include <boost/json/array.hpp>

#include "api-client/codec/quantity.h"
#include "base/text.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

// Calls `change` with each container of the lists whose name fits; how many there were.
std::size_t each_container(json::object& spec, std::string_view name, bool with_init,
                           const auto& change) {
  std::size_t count = 0;
  for (const char* list : {"initContainers", "containers"}) {
    if (!with_init && std::string_view(list) == "initContainers") continue;
    auto* found = spec.if_contains(list);
    if (found == nullptr || !found->is_array()) continue;
    for (auto& container : found->get_array())
      if (container.is_object() && (name == "*" || text_at(container, "name") == name)) {
        change(container.get_object());
        ++count;
      }
  }
  return count;
}

json::array& environment(json::object& container) {
  auto& list = container["env"];
  if (!list.is_array()) list.emplace_array();
  return list.get_array();
}

void put_variable(json::object& container, json::object variable) {
  auto& list = environment(container);
  for (auto& item : list)
    if (text_at(item, "name") == text_of(variable.at("name"))) {
      item = std::move(variable);
      return;
    }
  list.push_back(std::move(variable));
}

void drop_variable(json::object& container, std::string_view name) {
  auto& list = environment(container);
  for (auto it = list.begin(); it != list.end();)
    it = text_at(*it, "name") == name ? list.erase(it) : it + 1;
  if (list.empty()) container.erase("env");
}

Result<> no_container(std::string_view name) {
  return fail(Errc::not_found, text::cat("unable to find container named \"", name, "\""));
}

Result<> put_amounts(json::object& container, std::string_view which, std::string_view amounts) {
  for (const auto pair : text::split(amounts, ',')) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos)
      return fail(Errc::invalid,
                  text::cat("invalid argument syntax ", pair, ", expected <resource>=<value>"));
    const auto value = pair.substr(equals + 1);
    if (!Quantity::parse(value))
      return fail(Errc::invalid, text::cat("\"", value, "\" is no quantity; 100m or 64Mi are"));
    make_object(make_object(container, "resources"), which)[pair.substr(0, equals)] = value;
  }
  return {};
}

}  // namespace

json::object* pod_spec(json::object& object) {
  auto* spec = object.if_contains("spec");
  if (spec == nullptr || !spec->is_object()) return nullptr;
  if (spec->get_object().contains("containers")) return &spec->get_object();
  auto* inner = spec->get_object().if_contains("template");
  if (inner == nullptr || !inner->is_object()) return nullptr;
  auto* found = inner->get_object().if_contains("spec");
  return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

Result<> set_images(json::object& spec, const std::vector<std::string>& images) {
  for (const auto& pair : images) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals + 1 == pair.size())
      return fail(Errc::invalid, text::cat("\"", pair, "\": CONTAINER=IMAGE is needed"));
    const auto name = pair.substr(0, equals);
    const auto count = each_container(spec, name, true, [&](json::object& container) {
      container["image"] = pair.substr(equals + 1);
    });
    if (count == 0) return no_container(name);
  }
  return {};
}

Result<> set_environment(json::object& spec, const std::vector<std::string>& changes,
                         std::string_view container) {
  for (const auto& change : changes) {
    const auto equals = change.find('=');
    const auto count = each_container(spec, container, true, [&](json::object& one) {
      if (equals == std::string::npos)
        drop_variable(one, std::string_view(change).substr(0, change.size() - 1));
      else
        put_variable(one,
                     {{"name", change.substr(0, equals)}, {"value", change.substr(equals + 1)}});
    });
    if (count == 0) return no_container(container);
  }
  return {};
}

std::string variable_name(std::string_view prefix, std::string_view key) {
  std::string out = text::cat(prefix, key);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (c == '-' || c == '.') c = '_';
  }
  return out;
}

Result<> set_environment_from(json::object& spec, std::string_view source, std::string_view object,
                              const std::vector<std::string>& keys, std::string_view prefix,
                              std::string_view container) {
  for (const auto& key : keys) {
    const auto name = variable_name(prefix, key);
    const auto count = each_container(spec, container, true, [&](json::object& one) {
      put_variable(one, {{"name", name},
                         {"valueFrom",
                          json::object{{source, json::object{{"key", key}, {"name", object}}}}}});
    });
    if (count == 0) return no_container(container);
  }
  return {};
}

Result<> set_resources(json::object& spec, std::string_view requests, std::string_view limits,
                       std::string_view container) {
  Result<> outcome;
  const auto count = each_container(spec, container, false, [&](json::object& one) {
    if (outcome) outcome = put_amounts(one, "requests", requests);
    if (outcome) outcome = put_amounts(one, "limits", limits);
  });
  if (count == 0) return no_container(container);
  return outcome;
}

}  // namespace nodal::nodectl
