// nodectl/print/jsonpath_node.h — the parts of a parsed JSONPath template; for jsonpath*.cc only.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct PathNode;

/// One step of a path.
struct PathStep {
  enum class Kind : std::uint8_t { field, wildcard, slice, names, recursive, filter };
  Kind kind = Kind::field;
  std::vector<std::string> names{};     ///< field: one; names: several
  std::vector<std::int64_t> indices{};  ///< names: numbers among them
  std::optional<std::int64_t> first{}, last{};
  std::int64_t stride = 1;
  bool one = false;                   ///< slice: an index
  std::vector<PathNode> left, right;  ///< of a filter; each one node. No {}: PathNode is incomplete
  std::string op{};                   ///< "" asks whether the left side is there
};

/// A text, a path, a literal value, or a range with its body.
struct PathNode {
  enum class Kind : std::uint8_t { text, path, literal, range };
  Kind kind = Kind::text;
  std::string text{};
  boost::json::value literal{};
  std::vector<PathStep> steps{};  ///< path, and what a range goes over
  std::vector<PathNode> body{};   ///< of a range
  bool from_root = false;         ///< begins with $
};

Result<std::vector<PathNode>> parse_path_template(std::string_view text);

}  // namespace nodal::nodectl
