// nodectl/document.cc — see document.h.
#include "nodectl/document.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api-client/codec/codec.h"
#include "base/text.h"

namespace nodal::nodectl {

namespace json = boost::json;

const json::value* find(const json::value& document, std::string_view path) {
  const json::value* at = &document;
  while (!path.empty()) {
    const auto dot = path.find('.');
    if (!at->is_object()) return nullptr;
    at = at->get_object().if_contains(path.substr(0, dot));
    if (at == nullptr) return nullptr;
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  }
  return at;
}

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return value.is_null() ? std::string() : codec::to_text(value);
}

std::string text_at(const json::value& document, std::string_view path) {
  const auto* found = find(document, path);
  return found == nullptr || found->is_structured() ? std::string() : text_of(*found);
}

std::int64_t int_at(const json::value& document, std::string_view path, std::int64_t absent) {
  const auto* found = find(document, path);
  return found != nullptr && found->is_int64() ? found->get_int64() : absent;
}

bool bool_at(const json::value& document, std::string_view path, bool absent) {
  const auto* found = find(document, path);
  return found != nullptr && found->is_bool() ? found->get_bool() : absent;
}

const json::array& list_at(const json::value& document, std::string_view path) {
  static const json::array kNone;
  const auto* found = find(document, path);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

const json::object& object_at(const json::value& document, std::string_view path) {
  static const json::object kNone;
  const auto* found = find(document, path);
  return found != nullptr && found->is_object() ? found->get_object() : kNone;
}

std::vector<std::string> keys_of(const json::object& object) {
  std::vector<std::string> out;
  for (const auto& member : object) out.emplace_back(member.key());
  std::ranges::sort(out);
  return out;
}

json::object& make_object(json::object& parent, std::string_view path) {
  json::object* at = &parent;
  while (!path.empty()) {
    const auto dot = path.find('.');
    auto& member = (*at)[path.substr(0, dot)];
    if (!member.is_object()) member.emplace_object();
    at = &member.get_object();
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  }
  return *at;
}

std::string label_text(const json::object& labels) {
  std::string out;
  for (const auto& key : keys_of(labels))
    out += text::cat(out.empty() ? "" : ",", key, "=", text_of(labels.at(key)));
  return out;
}

std::string selector_text(const json::value& selector) {
  std::vector<std::pair<std::string, std::string>> parts;  // by key
  for (const auto& [key, value] : object_at(selector, "matchLabels"))
    parts.emplace_back(key, text::cat(key, "=", text_of(value)));
  for (const auto& item : list_at(selector, "matchExpressions")) {
    const auto key = text_at(item, "key"), op = text_at(item, "operator");
    std::vector<std::string> values;
    for (const auto& value : list_at(item, "values")) values.push_back(text_of(value));
    std::ranges::sort(values);
    if (op == "Exists")
      parts.emplace_back(key, key);
    else if (op == "DoesNotExist")
      parts.emplace_back(key, text::cat("!", key));
    else
      parts.emplace_back(
          key, text::cat(key, op == "In" ? " in (" : " notin (", text::join(values, ","), ")"));
  }
  std::ranges::stable_sort(parts, {}, &std::pair<std::string, std::string>::first);
  std::string out;
  for (const auto& [key, part] : parts) out += text::cat(out.empty() ? "" : ",", part);
  return out;
}

}  // namespace nodal::nodectl
