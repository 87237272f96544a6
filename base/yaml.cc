// base/yaml.cc — see yaml.h.
#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>

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
    if (const auto integer = in_base(digits, 10)) return integer;
  }
  // Floats, and integers of more than 64 bits: digits, one dot, an exponent.
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

// Outside of strings only what JSON has: no anchors, no comments, no single quotes.
bool has_only_json_marks(std::string_view text) {
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (std::string_view("{}[],:+-. \t\r\n").find(c) == std::string_view::npos &&
               !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != 'E') {
      return false;
    }
  }
  return !in_string;
}

// Both halves of a character that JSON escapes as "\\ud83d\\ude00", for a parser that takes none of
// them alone.
std::string with_pairs_joined(std::string_view json) {
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    std::uint32_t value = 0;
    if (json.size() - at < 6 || json[at] != '\\' || json[at + 1] != 'u') return 0;
    const char* end = json.data() + at + 6;
    return std::from_chars(json.data() + at + 2, end, value, 16).ptr == end ? value : 0;
  };
  std::string out;
  for (std::size_t i = 0; i < json.size();) {
    if (json[i] != '\\') {
      out += json[i++];
      continue;
    }
    const std::uint32_t high = unit(i);
    const std::uint32_t low = high >> 10 == 0x36 ? unit(i + 6) : 0;
    if (low >> 10 != 0x37) {
      out += json.substr(i, 2);
      i += 2;
      continue;
    }
    const std::uint32_t point = 0x10000 + ((high & 0x3ffu) << 10 | (low & 0x3ffu));
    for (const std::uint32_t byte : {0xf0 | point >> 18, 0x80 | (point >> 12 & 0x3f),
                                     0x80 | (point >> 6 & 0x3f), 0x80 | (point & 0x3f)})
      out += static_cast<char>(byte);
    i += 12;
  }
  return out;
}

// What both directions hand to the parser.
Result<std::string> readable(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  // With a NUL at its beginning the parser would take the text for UTF-16.
  if (!text::is_utf8(text) || text.find('\0') != std::string_view::npos)
    return fail(Errc::invalid, "YAML: the text is not UTF-8");
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  return json && has_only_json_marks(text) ? with_pairs_joined(text) : std::string(text);
}

constexpr const char* kNoMap = "what is merged by << must be a map or a list of maps";

std::unexpected<Error> too_many() {
  return fail(Errc::invalid, "YAML: too many values (aliases counted where they are used)");
}

Result<> write(const YAML::Node& node, std::string& out, std::size_t depth, std::size_t& nodes) {
  if (depth > kMaxYamlDepth)
    return fail(Errc::invalid,
                text::cat(at(node.Mark()), "nested deeper than ", kMaxYamlDepth, " levels"));
  if (++nodes > kMaxYamlNodes || out.size() > 4 * kMaxYamlBytes) return too_many();
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
      std::map<std::string, int> lines;
      std::vector<YAML::Node> merged;
      const auto write_entry = [&](const std::string& key, const YAML::Node& value) -> Result<> {
        if (out.back() != '{') out += ',';
        append_string(out, key);
        out += ':';
        return write(value, out, depth + 1, nodes);
      };
      for (const auto& entry : node) {
        if (!entry.first.IsScalar())
          return fail(Errc::invalid, text::cat(at(entry.first.Mark()), "a key that is no text"));
        const std::string key = entry.first.Scalar();
        if (key == "<<" && entry.first.Tag() == "?") {
          merged.push_back(entry.second);
          continue;
        }
        const auto [known, fresh] = lines.emplace(key, entry.first.Mark().line + 1);
        if (!fresh)
          return fail(Errc::invalid, text::cat(at(entry.first.Mark()), "key \"", key,
                                               "\" already set in map (line ", known->second, ")"));
        NODAL_TRY(write_entry(key, entry.second));
      }
      // YAML 1.1's merge key: entries of other maps, where the map has none; an earlier one wins.
      for (std::size_t i = 0; i < merged.size(); ++i) {
        const YAML::Node from = merged[i];
        if (++nodes > kMaxYamlNodes || merged.size() > kMaxYamlNodes) return too_many();
        if (from.IsSequence()) {
          for (const auto& item : from) {
            if (!item.IsMap()) return fail(Errc::invalid, text::cat(at(item.Mark()), kNoMap));
            merged.push_back(item);
          }
          continue;
        }
        if (!from.IsMap()) return fail(Errc::invalid, text::cat(at(from.Mark()), kNoMap));
        for (const auto& entry : from) {
          if (!entry.first.IsScalar())
            return fail(Errc::invalid, text::cat(at(entry.first.Mark()), "a key that is no text"));
          if (entry.first.Scalar() == "<<" && entry.first.Tag() == "?")
            merged.push_back(entry.second);
          else if (lines.emplace(entry.first.Scalar(), 0).second)
            NODAL_TRY(write_entry(entry.first.Scalar(), entry.second));
        }
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

// Passes once over the parser's events before anything is built of them.
//
// yaml-cpp 0.7 ends a document where it cannot go on, begins another there, and may then find
// empty ones without end; hence a document but the first must begin with "---".
class Structure final : public YAML::EventHandler {
 public:
  explicit Structure(std::string_view text) : text_(text) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    const bool separated =
        mark.column == 0 && at > last_ && at < text_.size() && text_.substr(at).starts_with("---");
    if (documents_++ > 0 && !separated)
      throw YAML::ParserException(mark, "this does not belong to what is before it");
    last_ = at;
    nodes_ = depth_ = 0;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    // yaml-cpp 0.7 makes one byte of each of these escapes.
    if (!text::is_utf8(value))
      throw YAML::ParserException(mark, "the escapes \\N and \\_ are not supported");
    count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    count(mark);
    ++depth_;
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    count(mark);
    ++depth_;
  }
  void OnMapEnd() override { --depth_; }

 private:
  void count(const YAML::Mark& mark) {
    if (depth_ > kMaxYamlDepth) throw YAML::ParserException(mark, "nested too deep");
    // Keys are nodes here.
    if (++nodes_ > 2 * kMaxYamlNodes) throw YAML::ParserException(mark, "too many values");
  }

  const std::string_view text_;
  std::size_t documents_ = 0, nodes_ = 0, depth_ = 0, last_ = 0;
};

// YAML 1.1 has more numbers than are read here, and other readers take them for such: 1_000, 1:30,
// and whole numbers of any length.
bool looks_like_number(std::string_view value) {
  if (value.starts_with('-') || value.starts_with('+')) value.remove_prefix(1);
  if (value.empty() || value[0] < '0' || value[0] > '9') return false;
  const auto colon = value.find(':');
  if (value.substr(0, colon).find_first_not_of("0123456789_") != std::string_view::npos)
    return false;
  if (colon == std::string_view::npos) return true;
  const auto sixties = text::split(value.substr(colon + 1), ':');
  return std::ranges::all_of(sixties, [&](std::string_view part) {
    if (part.data() == sixties.back().data()) part = part.substr(0, part.find('.'));
    return !part.empty() && part.size() <= 2 &&
           part.find_first_not_of("0123456789") == std::string_view::npos &&
           (part.size() == 1 || part[0] < '6');
  });
}

bool reads_as_other(std::string_view value) {
  static constexpr std::string_view kWords[] = {"y",   "Y",   "n",   "N",   "yes", "Yes",
                                                "YES", "no",  "No",  "NO",  "on",  "On",
                                                "ON",  "off", "Off", "OFF", "=",   "<<"};
  return is_null(value) || is_true(value) || is_false(value) || as_number(value) ||
         std::ranges::find(kWords, value) != std::end(kWords) || value == ".inf" ||
         value == "-.inf" || value == ".nan" || value == ".NaN" || value == "-" || value == "?" ||
         value == ":" || looks_like_number(value);
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
  // A block needs an indent; a document that is one text has none.
  if (indent > 0 && value.find('\n') != std::string_view::npos && plain_text &&
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
      if (key.find('\n') != std::string::npos)
        append_string(out, key);
      else
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
    const std::string read = NODAL_TRY(readable(text));
    {
      std::istringstream stream(read);
      YAML::Parser parser(stream);
      Structure structure(read);
      while (parser.HandleNextDocument(structure)) {
      }
    }
    for (const auto& document : YAML::LoadAll(read)) {
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
    // The parser takes all of YAML, whose aliases may form a ring that printing never leaves.
    if (!has_only_json_marks(json)) return fail(Errc::invalid, "JSON: this is something else");
    const auto text = NODAL_TRY(readable(json));
    print(YAML::Load(text), out, 0, false);
    return out;
  } catch (const YAML::Exception& e) {
    return fail(Errc::invalid, text::cat("JSON: ", at(e.mark), e.msg));
  } catch (const std::exception& e) {
    return fail(Errc::invalid, text::cat("JSON: ", e.what()));
  }
}

}  // namespace nodal
