// api-client/codec/int_or_string.cc — see int_or_string.h.
#include "api-client/codec/int_or_string.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/text.h"

namespace nodal {

const std::string& IntOrString::as_string() const {
  static const std::string none;
  const auto* string = std::get_if<std::string>(&value);
  return string != nullptr ? *string : none;
}

std::string IntOrString::text() const { return is_int() ? text::cat(as_int()) : as_string(); }

std::optional<std::int32_t> IntOrString::scaled(std::int32_t total, bool round_up) const {
  if (is_int()) return as_int();
  std::string_view digits = as_string();
  if (!digits.ends_with('%')) return std::nullopt;
  digits.remove_suffix(1);
  const auto percent = text::number<std::int32_t>(digits);
  if (!percent) return std::nullopt;
  const std::int64_t hundredths = static_cast<std::int64_t>(total) * *percent;
  std::int64_t whole = hundredths / 100;
  const std::int64_t rest = hundredths % 100;
  if (round_up && rest > 0) ++whole;
  if (!round_up && rest < 0) --whole;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(
      whole, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
}

}  // namespace nodal
