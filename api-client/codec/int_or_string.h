// api-client/codec/int_or_string.h — util.intstr.IntOrString: a port by number or name, a count or
// a percentage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace nodal {

struct IntOrString {
  std::variant<std::int32_t, std::string> value = std::int32_t{0};

  [[nodiscard]] bool is_int() const { return value.index() == 0; }
  [[nodiscard]] std::int32_t as_int() const { return is_int() ? std::get<0>(value) : 0; }
  [[nodiscard]] const std::string& as_string() const;  ///< "" for a number
  [[nodiscard]] std::string text() const;              ///< as a user writes it

  /// A number itself, or "25%" of `total`, rounded up or down. Nothing for any other text.
  /// @source Deployment API doc, maxSurge rounds up and maxUnavailable down
  [[nodiscard]] std::optional<std::int32_t> scaled(std::int32_t total, bool round_up) const;

  bool operator==(const IntOrString&) const = default;
};

}  // namespace nodal
