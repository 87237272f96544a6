// base/yaml.cc — see yaml.h.
#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"

namespace nodal {
namespace {

std::string at(const YAML::Mark& mark) {
  return mark.is_null() ? std::string() : text::cat("line ", mark.line + 1, ": ");
}

void append_string(std::string& out, std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (u < 0x20) {
      out += "\\u00";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_null(std::string_view plain) {
  return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}
bool is_true(std::string_view plain) {
  return plain == "true" || plain == "True" || plain == "TRUE";
}
bool is_false(std::string_view plain) {
  return plain == "false" || plain == "False" || plain == "FALSE";
}

// The JSON form of a plain scalar that is a number; nothing when it is none.
std::optional<std::string> as_number(std::string_view plain) {
  std::string_view digits = plain;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty()) return std::nullopt;
  const auto in_base = [&](std::string_view body, int base) -> std::optional<std::string> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value, base);
    if (body.empty() || error != std::errc{} || end != body.data() + body.size())
      return std::nullopt;
    return text::cat(negative ? "-" : "", value);
  };
  if (digits.starts_with("0x") || digits.starts_with("0X")) return in_base(digits.substr(2), 16);
  if (digits.starts_with("0o")) return in_base(digits.substr(2), 8);
  if (digits.starts_with("0b")) return in_base(digits.substr(2), 2);
  const bool all_digits = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (all_digits) {
    if (digits.size() > 1 && digits[0] == '0') {
      // YAML 1.1: 0644 is octal; 0888 is no number.
      return in_base(digits.substr(1), 8);
    }
    return in_base(digits, 10);
  }
  // Floats: digits, one dot, an exponent.
  std::size_t i = 0;
  bool any = false;
  while (i < digits.size() && digits[i] >= '0' && digits[i] <= '9') ++i, any = true;
  if (i < digits.size() && digits[i] == '.') {
    ++i;
    while (i < digits.size() && digits[i] >= '0' && digits[i] <= '9') ++i, any = true;
  }
  if (!any) return std::nullopt;
  if (i < digits.size() && (digits[i] == 'e' || digits[i] == 'E')) {
    ++i;
    if (i < digits.size() && (digits[i] == '+' || digits[i] == '-')) ++i;
    const std::size_t exponent = i;
    while (i < digits.size() && digits[i] >= '0' && digits[i] <= '9') ++i;
    if (i == exponent) return std::nullopt;
  }
  if (i != digits.size()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value))
    return std::nullopt;
  char buffer[32];
  return text::cat(
      negative ? "-" : "",
      std::string_view(buffer,
                       static_cast<std::size_t>(
                           std::to_chars(buffer, buffer + sizeof buffer, value).ptr - buffer)));
}

Result<> write(const YAML::Node& node, std::string& out, std::size_t depth, std::size_t& nodes) {
  if (depth > kMaxYamlDepth)
    return fail(Errc::invalid,
                text::cat(at(node.Mark()), "nested deeper than ", kMaxYamlDepth, " levels"));
  if (++nodes > kMaxYamlNodes || out.size() > 4 * kMaxYamlBytes)
    return fail(Errc::invalid, "YAML: too many values (aliases counted where they are used)");
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      out += "null";
      return {};
    case YAML::NodeType::Scalar: {
      const std::string& value = node.Scalar();
      const std::string& tag = node.Tag();
      if (tag != "?" && tag != "" && !tag.ends_with(":int") && !tag.ends_with(":float") &&
          !tag.ends_with(":bool") && !tag.ends_with(":null")) {
        append_string(out, value);  // quoted, a block, or !!str
      } else if (is_null(value)) {
        out += "null";
      } else if (is_true(value)) {
        out += "true";
      } else if (is_false(value)) {
        out += "false";
      } else if (const auto number = as_number(value)) {
        out += *number;
      } else {
        append_string(out, value);
      }
      return {};
    }
    case YAML::NodeType::Sequence: {
      out += '[';
      bool first = true;
      for (const auto& item : node) {
        if (!first) out += ',';
        first = false;
        NODAL_TRY(write(item, out, depth + 1, nodes));
      }
      out += ']';
      return {};
    }
    case YAML::NodeType::Map: {
      out += '{';
      bool first = true;
      std::map<std::string, int> lines;
      for (const auto& entry : node) {
        if (!entry.first.IsScalar())
          return fail(Errc::invalid, text::cat(at(entry.first.Mark()), "a key that is no text"));
        const std::string key = entry.first.Scalar();
        const auto [known, fresh] = lines.emplace(key, entry.first.Mark().line + 1);
        if (!fresh)
          return fail(Errc::invalid, text::cat(at(entry.first.Mark()), "key \"", key,
                                               "\" already set in map (line ", known->second, ")"));
        if (!first) out += ',';
        first = false;
        append_string(out, key);
        out += ':';
        NODAL_TRY(write(entry.second, out, depth + 1, nodes));
      }
      out += '}';
      return {};
    }
  }
  return {};
}

// Nesting is bounded before the parser, which recurses, sees the text: flow brackets and
// indentation steps.
bool is_too_deep(std::string_view text) {
  std::size_t flow = 0;
  for (const auto line : text::split(text, '\n')) {
    std::size_t dashes = 0;
    std::size_t i = 0;
    while (i < line.size() &&
           (line[i] == ' ' || (line[i] == '-' && i + 1 < line.size() && line[i + 1] == ' ')))
      dashes += line[i++] == '-';
    if (dashes > kMaxYamlDepth) return true;
    for (const char c : line) {
      if (c == '[' || c == '{') ++flow;
      if ((c == ']' || c == '}') && flow > 0) --flow;
      if (flow > 16 * kMaxYamlDepth) return true;
    }
  }
  return false;
}

bool reads_as_other(std::string_view value) {
  static constexpr std::string_view kWords[] = {"y",   "Y",   "n",   "N",   "yes", "Yes",
                                                "YES", "no",  "No",  "NO",  "on",  "On",
                                                "ON",  "off", "Off", "OFF", "=",   "<<"};
  return is_null(value) || is_true(value) || is_false(value) || as_number(value) ||
         std::ranges::find(kWords, value) != std::end(kWords) || value == ".inf" ||
         value == "-.inf" || value == ".nan" || value == ".NaN" || value == "-" || value == "?" ||
         value == ":";
}

// A timestamp reads as one in YAML 1.1, so kubectl quotes it.
bool looks_like_time(std::string_view value) {
  return value.size() >= 10 && value[4] == '-' && value[7] == '-' &&
         value.find_first_not_of("0123456789") == 4;
}

bool needs_quotes(std::string_view value) {
  if (reads_as_other(value) || looks_like_time(value)) return true;
  if (value.front() == ' ' || value.back() == ' ' || value.back() == ':') return true;
  if (std::string_view("!&*-?{}[],#|>@`\"'%:").find(value.front()) != std::string_view::npos) {
    const bool dash_word = (value.front() == '-' || value.front() == '?' || value.front() == ':') &&
                           value.size() > 1 && value[1] != ' ';
    if (!dash_word) return true;
  }
  if (value.starts_with("---") || value.starts_with("...")) return true;
  return value.find(": ") != std::string_view::npos || value.find(" #") != std::string_view::npos ||
         std::ranges::any_of(
             value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void append_scalar(std::string& out, std::string_view value, std::size_t indent) {
  const bool plain_text = std::ranges::none_of(value, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
  });
  if (value.find('\n') != std::string_view::npos && plain_text &&
      value.find_first_not_of('\n') != std::string_view::npos) {
    out += '|';
    if (value.front() == ' ' || value.front() == '\n') out += '2';
    if (!value.ends_with('\n')) {
      out += '-';
    } else if (value.ends_with("\n\n")) {
      out += '+';
    }
    auto body = value;
    if (body.ends_with('\n')) body.remove_suffix(1);
    for (const auto line : text::split(body, '\n')) {
      out += '\n';
      if (!line.empty()) out += std::string(indent, ' ');
      out += line;
    }
    return;
  }
  if (!needs_quotes(value)) {
    out += value;
  } else if (value.find('\'') == std::string_view::npos && plain_text &&
             value.find('\n') == std::string_view::npos && !reads_as_other(value) &&
             !looks_like_time(value)) {
    out += text::cat("'", value, "'");
  } else {
    append_string(out, value);
  }
}

void print(const YAML::Node& node, std::string& out, std::size_t indent, bool in_list) {
  if (node.IsMap()) {
    std::map<std::string, YAML::Node>
        entries;  // a Node is a reference: assigning one (sorting) would change the document
    for (const auto& entry : node) entries.emplace(entry.first.Scalar(), entry.second);
    bool first = true;
    for (const auto& [key, value] : entries) {
      if (!first || !in_list) out += std::string(indent, ' ');
      first = false;
      append_scalar(out, key, indent + 2);
      out += ':';
      if ((value.IsMap() || value.IsSequence()) && value.size() > 0) {
        out += '\n';
        print(value, out, value.IsMap() ? indent + 2 : indent, false);
      } else {
        out += ' ';
        print(value, out, indent + 2, false);
      }
    }
    if (entries.empty()) out += "{}\n";
  } else if (node.IsSequence()) {
    if (node.size() == 0) {
      out += "[]\n";
      return;
    }
    bool first = true;
    for (const auto& item : node) {
      if (!first || !in_list) out += std::string(indent, ' ');
      first = false;
      out += "- ";
      print(item, out, indent + 2, true);
    }
  } else {
    if (node.IsNull()) {
      out += "null";
    } else if (node.Tag() == "!") {
      if (node.Scalar().empty()) {
        out += "\"\"";
      } else {
        append_scalar(out, node.Scalar(), indent);
      }
    } else {
      out += node.Scalar();  // a number or a truth value of JSON
    }
    out += '\n';
  }
}

}  // namespace

Result<std::vector<std::string>> yaml_to_json(std::string_view text) {
  if (text.size() > kMaxYamlBytes)
    return fail(Errc::invalid, text::cat("YAML: larger than ", kMaxYamlBytes, " bytes"));
  if (is_too_deep(text))
    return fail(Errc::invalid, text::cat("YAML: nested deeper than ", kMaxYamlDepth, " levels"));
  std::vector<std::string> out;
  try {
    for (const auto& document : YAML::LoadAll(std::string(text))) {
      if (document.IsNull()) continue;
      std::string json;
      std::size_t nodes = 0;
      NODAL_TRY(write(document, json, 0, nodes));
      out.push_back(std::move(json));
    }
  } catch (const YAML::Exception& e) {
    return fail(Errc::invalid, text::cat("YAML: ", at(e.mark), e.msg));
  } catch (const std::exception& e) {
    return fail(Errc::invalid, text::cat("YAML: ", e.what()));
  }
  return out;
}

Result<std::string> json_to_yaml(std::string_view json) {
  try {
    std::string out;
    print(YAML::Load(std::string(json)), out, 0, false);
    return out;
  } catch (const YAML::Exception& e) {
    return fail(Errc::invalid, text::cat("JSON: ", at(e.mark), e.msg));
  }
}

}  // namespace nodal
