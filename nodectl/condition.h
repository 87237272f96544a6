// nodectl/condition.h — what `wait --for` names. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nodectl/print/jsonpath.h"

namespace nodal::nodectl {

/// "condition=Ready", "condition=Ready=false", "jsonpath={.status.phase}=Running",
/// "jsonpath={.status.podIP}", "delete", "create".
class Condition {
 public:
  /// @errors invalid
  static Result<Condition> parse(std::string_view text);
  [[nodiscard]] bool wants_absence() const { return kind_ == Kind::absent; }
  [[nodiscard]] bool wants_presence() const { return kind_ == Kind::present; }
  /// @param object  null: it is not there
  /// @errors invalid: the path finds several values, or one that is none to compare with
  [[nodiscard]] Result<bool> holds(const boost::json::value* object) const;

 private:
  enum class Kind : std::uint8_t { absent, present, condition, path };
  Kind kind_ = Kind::condition;
  std::string name_, value_ = "true";
  std::optional<JsonPath> path_;
  bool any_value_ = false;
};

}  // namespace nodal::nodectl
