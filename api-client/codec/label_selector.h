// api-client/codec/label_selector.h — "app=web,tier in (a,b),!old": parse and match.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal {

/// Requirements that must all hold. An empty one matches everything.
/// @source API concepts, "Labels and selectors"
class LabelSelector {
 public:
  enum class Operator : std::uint8_t { in, not_in, exists, absent, greater, less };
  struct Requirement {
    std::string key;
    Operator op = Operator::in;
    std::vector<std::string> values;
  };
  /// The value of a label, or nothing.
  using Labels = std::function<std::optional<std::string_view>(std::string_view key)>;

  /// @errors invalid: "unable to parse requirement: …"; more than 16 KiB or 256 requirements
  static Result<LabelSelector> parse(std::string_view text);
  LabelSelector() = default;
  explicit LabelSelector(std::vector<Requirement> requirements)
      : requirements_(std::move(requirements)) {}

  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  [[nodiscard]] bool matches(const Labels& labels) const;
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  std::vector<Requirement> requirements_;
};

/// Why the text is no label key ("prefix/name") or value; "" when it is one.
std::string label_key_problem(std::string_view key);
std::string label_value_problem(std::string_view value);

}  // namespace nodal
