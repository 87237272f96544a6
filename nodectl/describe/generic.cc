// nodectl/describe/generic.cc — any object, field by field.
#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "nodectl/describe/parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

bool upper(char c) { return c >= 'A' && c <= 'Z'; }

// "apiVersion" → "API Version", "podIPs" → "Pod I Ps" as kubectl has it: words begin where a
// capital follows a small letter, or a small letter follows capitals.
std::string label_of(std::string_view name) {
  constexpr std::array<std::string_view, 5> kWhole = {"API", "URL", "UID", "OSB", "GUID"};
  std::vector<std::string> words;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool begins =
        i == 0 || (upper(name[i]) && !upper(name[i - 1])) ||
        (upper(name[i]) && i + 1 < name.size() && !upper(name[i + 1]) && upper(name[i - 1]));
    if (begins) words.emplace_back();
    words.back() += name[i];
  }
  for (auto& word : words) {
    std::string capitals = word;
    for (char& c : capitals) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    if (std::ranges::find(kWhole, capitals) != kWhole.end())
      word = capitals;
    else
      word[0] = capitals[0];
  }
  return text::join(words, " ");
}

bool hidden(std::string_view path) {
  constexpr std::array<std::string_view, 5> kHidden = {".metadata.managedFields", ".metadata.name",
                                                       ".metadata.namespace", ".metadata.labels",
                                                       ".metadata.annotations"};
  return std::ranges::find(kHidden, path) != kHidden.end();
}

void fields(Page& page, std::size_t level, const json::object& object, const std::string& path) {
  for (const auto& key : keys_of(object)) {
    const auto at = text::cat(path, ".", key);
    if (hidden(at)) continue;
    const auto& value = object.at(key);
    if (value.is_object()) {
      page.line(level, label_of(key), ":");
      fields(page, level + 1, value.get_object(), at);
    } else if (value.is_array()) {
      page.line(level, label_of(key), ":");
      for (const auto& item : value.get_array())
        if (item.is_object())
          fields(page, level + 1, item.get_object(), at);
        else
          page.line(level + 1, text_of(item));
    } else {
      page.line(level, label_of(key), ":\t", value.is_null() ? "<nil>" : text_of(value));
    }
  }
}

}  // namespace

std::string describe_any(const json::value& object, const Related& related) {
  Page page;
  page.line(0, "Name:\t", text_at(object, "metadata.name"));
  page.line(0, "Namespace:\t", text_at(object, "metadata.namespace"));
  page.labels("", "Labels", object_at(object, "metadata.labels"));
  page.annotations("", "Annotations", object_at(object, "metadata.annotations"));
  if (object.is_object()) fields(page, 0, object.get_object(), "");
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
