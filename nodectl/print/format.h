// nodectl/print/format.h — -o: objects as JSON, YAML, names, or by a template.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodectl/command_line.h"
#include "nodectl/print/jsonpath.h"

namespace nodal::nodectl {

class Resources;

/// What follows -o, read.
struct Format {
  enum class Kind : std::uint8_t { table, wide, json, yaml, name, path, columns };
  Kind kind = Kind::table;
  std::optional<JsonPath> path{};
  std::vector<std::pair<std::string, JsonPath>> columns{};  ///< heading, path

  [[nodiscard]] bool is_table() const { return kind == Kind::table || kind == Kind::wide; }
};

/// @errors invalid, with the formats that there are; of the file of a template
Result<Format> parse_format(std::string_view output);
/// The words for completion.
constexpr const char* kFormats =
    "wide json yaml name jsonpath= jsonpath-file= custom-columns= custom-columns-file=";

/// One object or a List.
/// @param headings  of custom columns
Result<std::string> print_object(const Format& format, const Resources& resources,
                                 const boost::json::value& object, bool headings = true);
/// What is no object of the API, for -o json and -o yaml.
/// @errors invalid: another format
Result<std::string> print_document(const boost::json::value& document, std::string_view output);
/// -o for that.
Flag document_flag(std::string& output);
/// The objects as one List, as kubectl puts them together.
boost::json::value list_of(boost::json::array items);

/// Sorted by a field: numbers and quantities by value, texts with their digits as numbers.
/// @errors invalid: the path
Result<> sort_objects(std::vector<const boost::json::value*>& objects, std::string_view path);

}  // namespace nodal::nodectl
