// nodectl/print/jsonpath.h — kubectl's JSONPath templates: parsed, then applied to documents.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::nodectl {

struct PathNode;

/// Text with {…} in it: `{.items[*].metadata.name}`, `{range .items[*]}{.kind}{"\n"}{end}`,
/// `{.status.conditions[?(@.type=="Ready")].status}`, `['a','b']`, `[-1:]`, `..name`, `\.` for a
/// dot in a name. Immutable.
/// @source kubectl's reference, "JSONPath Support"
class JsonPath {
 public:
  using Values = std::vector<const boost::json::value*>;

  /// @errors invalid, with what is wrong; more than 16 KiB or 32 levels
  static Result<JsonPath> parse(std::string_view text);
  /// One path without the braces' being needed: `.metadata.name`, `metadata.name`, `{.kind}`.
  static Result<JsonPath> parse_relaxed(std::string_view text);

  /// The template's text for a document; what is absent prints as nothing.
  /// @errors invalid: an index that the list does not have
  Result<std::string> print(const boost::json::value& document) const;
  /// What the first path finds; the values belong to the document.
  Result<Values> find(const boost::json::value& document) const;

 private:
  std::shared_ptr<const std::vector<PathNode>> nodes_;
};

/// A value as templates print it: strings bare, all else as JSON.
std::string path_text(const boost::json::value& value);

}  // namespace nodal::nodectl
