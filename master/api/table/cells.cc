// master/api/table/cells.cc — see cells.h.
#include "master/api/table/cells.h"

#include <algorithm>
#include <map>

#include "api-client/codec/codec.h"
#include "api-client/codec/time.h"
#include "base/text.h"

namespace nodal::master::table {
namespace json = boost::json;
namespace {

const Object& none() {
  static const Object empty;
  return empty;
}

}  // namespace

const Object& object_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* inner = value ? value->if_object() : nullptr;
  return inner ? *inner : none();
}
const json::array& list_in(const Object& object, std::string_view key) {
  static const json::array empty;
  const auto* value = object.if_contains(key);
  const auto* inner = value ? value->if_array() : nullptr;
  return inner ? *inner : empty;
}
std::string string_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}
std::int64_t int_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value) return 0;
  return value->is_int64()    ? value->get_int64()
         : value->is_uint64() ? static_cast<std::int64_t>(value->get_uint64())
                              : 0;
}
bool bool_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}
std::string or_none(std::string text) { return text.empty() ? "<none>" : text; }

std::string age_of(std::string_view time, TimePoint now, std::string_view absent) {
  const auto at = parse_time(time);
  if (!at) return std::string(absent);
  return human_duration(std::chrono::floor<std::chrono::seconds>(now - *at));
}
std::string age(const Object& object, TimePoint now) {
  return age_of(string_in(object_in(object, "metadata"), "creationTimestamp"), now);
}

void Cells::text(std::string_view value) {
  comma();
  codec::append_string(out_, value);
}
void Cells::number(std::int64_t value) {
  comma();
  out_ += std::to_string(value);
}

std::string selector_text(const Object& selector) {
  std::multimap<std::string, std::string> terms;  // by key
  for (const auto& [key, value] : object_in(selector, "matchLabels"))
    terms.emplace(view(key),
                  text::cat(view(key), "=", value.is_string() ? view(value.get_string()) : ""));
  for (const auto& item : list_in(selector, "matchExpressions")) {
    if (!item.is_object()) continue;
    const auto& expression = item.get_object();
    const auto key = string_in(expression, "key"), op = string_in(expression, "operator");
    std::vector<std::string> values;
    for (const auto& value : list_in(expression, "values"))
      if (value.is_string()) values.emplace_back(view(value.get_string()));
    std::ranges::sort(values);
    if (op == "Exists")
      terms.emplace(key, key);
    else if (op == "DoesNotExist")
      terms.emplace(key, "!" + key);
    else
      terms.emplace(
          key, text::cat(key, op == "NotIn" ? " notin (" : " in (", text::join(values, ","), ")"));
  }
  std::string out;
  for (const auto& [key, term] : terms) out += text::cat(out.empty() ? "" : ",", term);
  return or_none(std::move(out));
}

std::string labels_text(const Object& labels) {
  std::map<std::string, std::string> sorted;
  for (const auto& [key, value] : labels)
    sorted[std::string(view(key))] = value.is_string() ? std::string(view(value.get_string())) : "";
  std::string out;
  for (const auto& [key, value] : sorted) out += text::cat(out.empty() ? "" : ",", key, "=", value);
  return or_none(std::move(out));
}

const Object* condition(const Object& status, std::string_view type) {
  for (const auto& item : list_in(status, "conditions"))
    if (item.is_object() && string_in(item.get_object(), "type") == type) return &item.get_object();
  return nullptr;
}

}  // namespace nodal::master::table
