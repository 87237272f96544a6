// nodectl/print/jsonpath_parse.cc — JSONPath templates as nodes.
#include <algorithm>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/print/jsonpath_node.h"

namespace nodal::nodectl {
namespace {

constexpr std::size_t kMostBytes = 16 << 10;
constexpr int kMostLevels = 32;

bool ends_name(char c) {
  return c == '.' || c == '[' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\n' ||
         c == ')' || c == '=' || c == '!' || c == '<' || c == '>' || c == ',' || c == '{' ||
         c == '"' || c == '\'';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  // Up to {end} or the end of the text.
  Result<std::vector<PathNode>> nodes(bool in_range) {
    if (++level_ > kMostLevels) return fail(Errc::invalid, "too many levels of range");
    std::vector<PathNode> out;
    for (;;) {
      const auto brace = rest_.find('{');
      if (brace != 0 && !rest_.empty())
        out.push_back({.kind = PathNode::Kind::text, .text = std::string(rest_.substr(0, brace))});
      if (brace == std::string_view::npos) {
        if (in_range) return fail(Errc::invalid, "unclosed {range}: an {end} is missing");
        --level_;
        return out;
      }
      rest_.remove_prefix(brace + 1);
      for (;;) {
        blanks();
        if (rest_.empty()) return fail(Errc::invalid, "unclosed action");
        if (take("}")) break;
        if (word("end")) {
          if (!in_range) return fail(Errc::invalid, "not in range, nothing to end");
          blanks();
          if (!take("}")) return fail(Errc::invalid, "a } is missing after {end");
          --level_;
          return out;
        }
        if (word("range")) {
          PathNode range{.kind = PathNode::Kind::range};
          blanks();
          range.steps = NODAL_TRY(steps(range.from_root));
          blanks();
          if (!take("}")) return fail(Errc::invalid, "a } is missing after {range");
          range.body = NODAL_TRY(nodes(true));
          out.push_back(std::move(range));
          goto next_text;
        }
        out.push_back(NODAL_TRY(operand()));
      }
    next_text:;
    }
  }

 private:
  void blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size())); }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool word(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    const auto after = rest_.substr(text.size());
    if (!after.empty() && after[0] != '}' && after[0] != ' ' && after[0] != '\t') return false;
    return take(text);
  }

  // A quoted text, a number, true, false, or a path.
  Result<PathNode> operand() {
    if (rest_.starts_with('"') || rest_.starts_with('\''))
      return PathNode{.kind = PathNode::Kind::literal, .literal = NODAL_TRY(quoted()).c_str()};
    const char c = rest_.empty() ? '\0' : rest_[0];
    if ((c >= '0' && c <= '9') || c == '-' || c == '+') {
      std::size_t end = 1;
      while (end < rest_.size() && ((rest_[end] >= '0' && rest_[end] <= '9') || rest_[end] == '.'))
        ++end;
      auto number = codec::parse(rest_.substr(c == '+' ? 1 : 0, end));
      if (!number)
        return fail(Errc::invalid, text::cat("cannot parse number ", rest_.substr(0, end)));
      rest_.remove_prefix(end);
      return PathNode{.kind = PathNode::Kind::literal, .literal = std::move(*number)};
    }
    for (const bool value : {true, false})
      if (word_of_filter(value ? "true" : "false"))
        return PathNode{.kind = PathNode::Kind::literal, .literal = value};
    PathNode path{.kind = PathNode::Kind::path};
    path.steps = NODAL_TRY(steps(path.from_root));
    return path;
  }
  bool word_of_filter(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    if (rest_.size() > text.size() && !ends_name(rest_[text.size()])) return false;
    return take(text);
  }

  Result<std::string> quoted() {
    const char quote = rest_[0];
    std::string out;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (c == quote) {
        rest_.remove_prefix(i + 1);
        return out;
      }
      if (c == '\\' && i + 1 < rest_.size()) {
        c = rest_[++i];
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      }
      out += c;
    }
    return fail(Errc::invalid, "unterminated quoted string");
  }

  Result<std::vector<PathStep>> steps(bool& from_root) {
    std::vector<PathStep> out;
    const auto before = rest_.size();
    if (take("$"))
      from_root = true;
    else
      take("@");
    for (;;) {
      if (take("..")) {
        out.push_back({.kind = PathStep::Kind::recursive});
        if (!rest_.starts_with('[') && !rest_.starts_with('.') && !name_ends())
          out.push_back(NODAL_TRY(field()));
      } else if (rest_.starts_with(".[")) {
        take(".");
      } else if (take(".")) {
        if (name_ends()) continue;
        out.push_back(NODAL_TRY(field()));
      } else if (take("[")) {
        out.push_back(NODAL_TRY(bracket()));
      } else if (rest_.size() == before && !name_ends()) {
        out.push_back(NODAL_TRY(field()));  // a name without the dot before it
      } else {
        break;
      }
    }
    if (rest_.size() == before)
      return fail(Errc::invalid,
                  text::cat("unrecognized character in action: ", rest_.substr(0, 1)));
    return out;
  }
  bool name_ends() const { return rest_.empty() || (rest_[0] != '\\' && ends_name(rest_[0])); }

  Result<PathStep> field() {
    if (take("*")) return PathStep{.kind = PathStep::Kind::wildcard};
    std::string name;
    while (!rest_.empty() && !ends_name(rest_[0])) {
      if (rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      name += rest_[0];
      rest_.remove_prefix(1);
    }
    return PathStep{.kind = PathStep::Kind::field, .names = {name}};
  }

  Result<PathStep> bracket() {
    blanks();
    if (take("?(")) return filter();
    if (take("*]")) return PathStep{.kind = PathStep::Kind::wildcard};
    if (rest_.starts_with('\'') || rest_.starts_with('"')) {
      PathStep step{.kind = PathStep::Kind::names};
      do {
        blanks();
        if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"'))
          return fail(Errc::invalid, "a quoted name is needed in [ ]");
        step.names.push_back(NODAL_TRY(quoted()));
        blanks();
      } while (take(","));
      if (!take("]")) return fail(Errc::invalid, "unterminated array: a ] is missing");
      if (step.names.size() == 1) step.kind = PathStep::Kind::field;
      return step;
    }
    const auto end = rest_.find(']');
    if (end == std::string_view::npos)
      return fail(Errc::invalid, "unterminated array: a ] is missing");
    const auto inside = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (inside.find(',') != std::string_view::npos) {
      PathStep step{.kind = PathStep::Kind::names};
      for (const auto part : text::split(inside, ','))
        step.indices.push_back(NODAL_TRY(number(part)));
      return step;
    }
    PathStep step{.kind = PathStep::Kind::slice};
    const auto parts = text::split(inside, ':');
    if (parts.empty() || parts.size() > 3)
      return fail(Errc::invalid, text::cat("invalid array index ", inside));
    if (parts.size() == 1) {
      step.one = true;
      step.first = NODAL_TRY(number(parts[0]));
      return step;
    }
    if (!text::trim(parts[0]).empty()) step.first = NODAL_TRY(number(parts[0]));
    if (!text::trim(parts[1]).empty()) step.last = NODAL_TRY(number(parts[1]));
    if (parts.size() == 3 && !text::trim(parts[2]).empty())
      step.stride = NODAL_TRY(number(parts[2]));
    if (step.stride <= 0) return fail(Errc::invalid, "step must be > 0");
    return step;
  }
  static Result<std::int64_t> number(std::string_view text) {
    const auto value = text::number<std::int64_t>(text::trim(text));
    if (!value) return fail(Errc::invalid, text::cat("invalid array index ", text));
    return *value;
  }

  Result<PathStep> filter() {
    if (++level_ > kMostLevels) return fail(Errc::invalid, "too many levels of filters");
    PathStep step{.kind = PathStep::Kind::filter};
    blanks();
    step.left.push_back(NODAL_TRY(operand()));
    blanks();
    for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"})
      if (take(op)) {
        step.op = op;
        blanks();
        step.right.push_back(NODAL_TRY(operand()));
        blanks();
        break;
      }
    if (!take(")]")) return fail(Errc::invalid, "unterminated filter: )] is missing");
    --level_;
    return step;
  }

  std::string_view rest_;
  int level_ = 0;
};

}  // namespace

Result<std::vector<PathNode>> parse_path_template(std::string_view text) {
  if (text.size() > kMostBytes) return fail(Errc::invalid, "the template is larger than 16 KiB");
  return Parser(text).nodes(false);
}

}  // namespace nodal::nodectl
