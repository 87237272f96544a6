// nodectl/print/jsonpath.cc — JSONPath templates applied to documents; jsonpath_parse.cc reads
// them.
#include "nodectl/print/jsonpath.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "nodectl/document.h"
#include "nodectl/manifests.h"
#include "nodectl/print/jsonpath_node.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;
using Values = JsonPath::Values;

class Evaluation {
 public:
  explicit Evaluation(const json::value& root) : root_(root) {}

  Result<Values> path(const PathNode& node, const json::value& current) const {
    Values at{node.from_root ? &root_ : &current};
    for (const auto& step : node.steps) {
      Values next;
      for (const auto* value : at) NODAL_TRY(apply(step, *value, next));
      at = std::move(next);
    }
    return at;
  }

  Result<> print(const std::vector<PathNode>& nodes, const json::value& current,
                 std::string& out) const {
    for (const auto& node : nodes) {
      switch (node.kind) {
        case PathNode::Kind::text:
          out += node.text;
          break;
        case PathNode::Kind::literal:
          out += path_text(node.literal);
          break;
        case PathNode::Kind::path: {
          bool first = true;
          for (const auto* value : NODAL_TRY(path(node, current))) {
            if (!first) out += ' ';
            first = false;
            out += path_text(*value);
          }
          break;
        }
        case PathNode::Kind::range:
          for (const auto* value : NODAL_TRY(path(node, current)))
            NODAL_TRY(print(node.body, *value, out));
          break;
      }
    }
    return {};
  }

 private:
  Result<> apply(const PathStep& step, const json::value& value, Values& out) const {
    switch (step.kind) {
      case PathStep::Kind::field:
        member(value, step.names[0], out);
        return {};
      case PathStep::Kind::names:
        for (const auto& name : step.names)  // each of them may be a path
          if (const auto* found = nodectl::find(value, name)) out.push_back(found);
        for (const auto index : step.indices)
          NODAL_TRY(
              slice({.kind = PathStep::Kind::slice, .first = index, .one = true}, value, out));
        return {};
      case PathStep::Kind::wildcard:
        children(value, out);
        return {};
      case PathStep::Kind::recursive:
        deep(value, out);
        return {};
      case PathStep::Kind::slice:
        return slice(step, value, out);
      case PathStep::Kind::filter: {
        Values all;
        children(value, all);
        for (const auto* item : all)
          if (NODAL_TRY(holds(step, *item))) out.push_back(item);
        return {};
      }
    }
    return {};
  }

  static void member(const json::value& value, const std::string& name, Values& out) {
    // As kubectl has it, a name after a list is asked of each of its items only by [*] or ..name.
    if (!value.is_object()) return;
    if (const auto* found = value.get_object().if_contains(name)) out.push_back(found);
  }
  static void children(const json::value& value, Values& out) {
    if (value.is_array())
      for (const auto& item : value.get_array()) out.push_back(&item);
    if (value.is_object())
      for (const auto& key : keys_of(value.get_object()))
        out.push_back(&value.get_object().at(key));
  }
  static void deep(const json::value& value, Values& out) {
    out.push_back(&value);
    Values all;
    children(value, all);
    for (const auto* item : all) deep(*item, out);
  }

  static Result<> slice(const PathStep& step, const json::value& value, Values& out) {
    if (!value.is_array()) return {};
    const auto& list = value.get_array();
    const auto size = static_cast<std::int64_t>(list.size());
    const auto from_end = [&](std::int64_t n) { return n < 0 ? n + size : n; };
    const auto first = from_end(step.first.value_or(0));
    if (step.one) {
      if (first < 0 || first >= size)
        return fail(Errc::invalid,
                    text::cat("array index out of bounds: index ", *step.first, ", length ", size));
      out.push_back(&list[static_cast<std::size_t>(first)]);
      return {};
    }
    const auto last = std::min(from_end(step.last.value_or(size)), size);
    for (auto i = std::max<std::int64_t>(first, 0); i < last; i += step.stride)
      out.push_back(&list[static_cast<std::size_t>(i)]);
    return {};
  }

  Result<Values> side(const std::vector<PathNode>& nodes, const json::value& item) const {
    const auto& node = nodes[0];
    if (node.kind == PathNode::Kind::literal) return Values{&node.literal};
    return path(node, item);
  }

  Result<bool> holds(const PathStep& step, const json::value& item) const {
    const auto left = NODAL_TRY(side(step.left, item));
    if (step.op.empty()) return !left.empty();
    const auto right = NODAL_TRY(side(step.right, item));
    if (left.empty() || right.empty()) return false;
    const auto order = compare(*left[0], *right[0]);
    if (!order) return false;
    if (step.op == "==") return *order == 0;
    if (step.op == "!=") return *order != 0;
    if (step.op == "<") return *order < 0;
    if (step.op == "<=") return *order <= 0;
    if (step.op == ">") return *order > 0;
    return *order >= 0;
  }

  static std::optional<int> compare(const json::value& a, const json::value& b) {
    if (a.is_number() && b.is_number()) {
      const auto x = a.to_number<double>(), y = b.to_number<double>();
      return x < y ? -1 : x > y ? 1 : 0;
    }
    if (a.is_bool() && b.is_bool())
      return static_cast<int>(a.get_bool()) - static_cast<int>(b.get_bool());
    if (a.is_structured() || b.is_structured()) return std::nullopt;
    const auto x = text_of(a), y = text_of(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }

  const json::value& root_;
};

}  // namespace

std::string path_text(const json::value& value) {
  return value.is_structured() ? sorted_json(value) : text_of(value);
}

Result<JsonPath> JsonPath::parse(std::string_view text) {
  auto nodes = parse_path_template(text);
  if (!nodes)
    return fail(Errc::invalid,
                text::cat("error parsing jsonpath ", text, ", ", nodes.error().message));
  JsonPath out;
  out.nodes_ = std::make_shared<const std::vector<PathNode>>(std::move(*nodes));
  return out;
}

Result<JsonPath> JsonPath::parse_relaxed(std::string_view text) {
  std::string path(text);
  if (path.starts_with('{') && path.ends_with('}')) path = path.substr(1, path.size() - 2);
  if (path.empty()) return fail(Errc::invalid, "unexpected path string: it is empty");
  if (!path.starts_with('.') && !path.starts_with('[') && !path.starts_with('$'))
    path.insert(0, ".");
  return parse(text::cat("{", path, "}"));
}

Result<std::string> JsonPath::print(const json::value& document) const {
  std::string out;
  NODAL_TRY(Evaluation(document).print(*nodes_, document, out));
  return out;
}

Result<JsonPath::Values> JsonPath::find(const json::value& document) const {
  for (const auto& node : *nodes_)
    if (node.kind == PathNode::Kind::path) return Evaluation(document).path(node, document);
  return Values{};
}

}  // namespace nodal::nodectl
