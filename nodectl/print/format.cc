// nodectl/print/format.cc — see format.h.
#include "nodectl/print/format.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api-client/codec/codec.h"
#include "api-client/codec/quantity.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "nodectl/document.h"
#include "nodectl/manifests.h"
#include "nodectl/print/tabs.h"
#include "nodectl/resources.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostTemplate = 64 << 10;

Result<std::vector<std::pair<std::string, JsonPath>>> parse_columns(std::string_view spec) {
  std::vector<std::pair<std::string, JsonPath>> out;
  for (const auto column : text::split(spec, ',')) {
    const auto colon = column.find(':');
    if (colon == std::string_view::npos)
      return fail(Errc::invalid, text::cat("unexpected custom-columns spec: ", column,
                                           ", expected <header>:<json-path-expr>"));
    out.emplace_back(std::string(column.substr(0, colon)),
                     NODAL_TRY(JsonPath::parse_relaxed(column.substr(colon + 1))));
  }
  if (out.empty())
    return fail(Errc::invalid, "custom-columns format specified but no custom columns given");
  return out;
}

// Two lines: the headings, and below each its path.
Result<std::vector<std::pair<std::string, JsonPath>>> parse_columns_file(std::string_view text) {
  std::vector<std::vector<std::string>> lines;
  for (const auto line : text::split(text, '\n')) {
    std::vector<std::string> words;
    for (const auto word : text::split(line, ' '))
      if (!text::trim(word).empty()) words.emplace_back(text::trim(word));
    if (!words.empty()) lines.push_back(std::move(words));
  }
  if (lines.size() != 2 || lines[0].size() != lines[1].size())
    return fail(Errc::invalid,
                "the file of custom columns needs a line of headings and a line of as many paths");
  std::vector<std::pair<std::string, JsonPath>> out;
  for (std::size_t i = 0; i < lines[0].size(); ++i)
    out.emplace_back(lines[0][i], NODAL_TRY(JsonPath::parse_relaxed(lines[1][i])));
  return out;
}

void drop_managed_fields(json::value& object) {
  if (!object.is_object()) return;
  if (auto* metadata = object.get_object().if_contains("metadata");
      metadata != nullptr && metadata->is_object())
    metadata->get_object().erase("managedFields");
  if (auto* items = object.get_object().if_contains("items"); items != nullptr && items->is_array())
    for (auto& item : items->get_array()) drop_managed_fields(item);
}

// The items of a List, or the object itself.
std::vector<const json::value*> each_of(const json::value& object) {
  std::vector<const json::value*> out;
  const auto* items = find(object, "items");
  if (items != nullptr && items->is_array() && text_at(object, "kind").ends_with("List"))
    for (const auto& item : items->get_array()) out.push_back(&item);
  else
    out.push_back(&object);
  return out;
}

std::string columns_text(const Format& format, const json::value& object, bool headings) {
  std::string out;
  if (headings) {
    for (const auto& [heading, path] : format.columns)
      out += text::cat(&heading == &format.columns.front().first ? "" : "\t", heading);
    out += '\n';
  }
  for (const auto* item : each_of(object)) {
    std::string line;
    for (const auto& [heading, path] : format.columns) {
      std::string cell;
      const auto values = path.find(*item);
      if (values)
        for (const auto* value : *values) {
          if (value->is_null()) continue;
          cell += text::cat(cell.empty() ? "" : ",", path_text(*value));
        }
      line += text::cat(&heading == &format.columns.front().first ? "" : "\t",
                        values && !values->empty() && !cell.empty()                  ? cell
                        : values && !values->empty() && values->front()->is_string() ? cell
                                                                                     : "<none>");
    }
    out += line + "\n";
  }
  return align_tabs(out, 6, 3);
}

bool natural_less(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  while (!a.empty() && !b.empty()) {
    if (digit(a[0]) && digit(b[0])) {
      const auto take = [&](std::string_view& text) {
        std::size_t zeros = 0, end = 0;
        while (zeros + 1 < text.size() && text[zeros] == '0' && digit(text[zeros + 1])) ++zeros;
        end = zeros;
        while (end < text.size() && digit(text[end])) ++end;
        const auto number = text.substr(zeros, end - zeros);
        text.remove_prefix(end);
        return number;
      };
      const auto x = take(a), y = take(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else {
      if (a[0] != b[0]) return a[0] < b[0];
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

bool less(const json::value* a, const json::value* b) {
  if (a == nullptr || b == nullptr) return a == nullptr && b != nullptr;
  if (a->is_number() && b->is_number()) return a->to_number<double>() < b->to_number<double>();
  if (a->is_string() && b->is_string()) {
    const auto x = Quantity::parse(text_of(*a)), y = Quantity::parse(text_of(*b));
    if (x && y) return *x < *y;
  }
  return natural_less(text_of(*a), text_of(*b));
}

}  // namespace

Result<Format> parse_format(std::string_view output) {
  using Kind = Format::Kind;
  const auto equals = output.find('=');
  const auto name = output.substr(0, equals);
  const auto argument =
      equals == std::string_view::npos ? std::string_view() : output.substr(equals + 1);
  if (output.empty()) return Format{};
  if (output == "wide") return Format{.kind = Kind::wide};
  if (output == "json") return Format{.kind = Kind::json};
  if (output == "yaml") return Format{.kind = Kind::yaml};
  if (output == "name") return Format{.kind = Kind::name};
  if (name == "jsonpath" || name == "jsonpath-file") {
    if (argument.empty())
      return fail(Errc::invalid, "template format specified but no template given");
    std::string text(argument);
    if (name == "jsonpath-file") text = NODAL_TRY(file::read(text, kMostTemplate));
    return Format{.kind = Kind::path, .path = NODAL_TRY(JsonPath::parse(text))};
  }
  if (name == "custom-columns")
    return Format{.kind = Kind::columns, .columns = NODAL_TRY(parse_columns(argument))};
  if (name == "custom-columns-file")
    return Format{.kind = Kind::columns,
                  .columns = NODAL_TRY(parse_columns_file(
                      NODAL_TRY(file::read(std::string(argument), kMostTemplate))))};
  return fail(Errc::invalid,
              text::cat("unable to match a printer suitable for the output format \"", output,
                        "\", allowed formats are: custom-columns,custom-columns-file,json,"
                        "jsonpath,jsonpath-file,name,wide,yaml"));
}

Result<std::string> print_document(const json::value& document, std::string_view output) {
  if (output == "json") return pretty_json(document) + "\n";
  if (output == "yaml") return json_to_yaml(json::serialize(document));
  return fail(Errc::invalid, text::cat("--output ", output, ": json or yaml is needed"));
}

Flag document_flag(std::string& output) {
  return {.names = "-o,--output",
          .value = "FORMAT",
          .help = "json or yaml",
          .target = &output,
          .offer = Offer::words,
          .words = "json yaml"};
}

json::value list_of(json::array items) {
  return json::object{{"apiVersion", "v1"},
                      {"items", std::move(items)},
                      {"kind", "List"},
                      {"metadata", json::object{{"resourceVersion", ""}}}};
}

Result<std::string> print_object(const Format& format, const Resources& resources,
                                 const json::value& object, bool headings) {
  switch (format.kind) {
    case Format::Kind::json:
    case Format::Kind::yaml: {
      auto shown = object;
      drop_managed_fields(shown);
      if (format.kind == Format::Kind::json) return pretty_json(shown) + "\n";
      return json_to_yaml(codec::to_text(shown));
    }
    case Format::Kind::path: {
      auto text = format.path->print(object);
      if (!text) return wrap("error executing jsonpath", text.error());
      return text;
    }
    case Format::Kind::columns:
      return columns_text(format, object, headings);
    case Format::Kind::table:
    case Format::Kind::wide:
    case Format::Kind::name:
      break;
  }
  std::string out;
  for (const auto* item : each_of(object)) {
    const auto kind = resources.by_kind(text_at(*item, "apiVersion"), text_at(*item, "kind"));
    out += text::cat(kind ? kind->printed() : text::lower(text_at(*item, "kind")), "/",
                     text_at(*item, "metadata.name"), "\n");
  }
  return out;
}

Result<> sort_objects(std::vector<const json::value*>& objects, std::string_view path) {
  const auto parsed = NODAL_TRY(JsonPath::parse_relaxed(path));
  std::vector<std::pair<const json::value*, const json::value*>> keyed;
  for (const auto* object : objects) {
    const auto found = parsed.find(*object);
    keyed.emplace_back(found && !found->empty() ? found->front() : nullptr, object);
  }
  std::ranges::stable_sort(keyed,
                           [](const auto& a, const auto& b) { return less(a.first, b.first); });
  for (std::size_t i = 0; i < keyed.size(); ++i) objects[i] = keyed[i].second;
  return {};
}

}  // namespace nodal::nodectl
