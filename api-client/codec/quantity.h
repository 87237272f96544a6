// api-client/codec/quantity.h — resource.Quantity: "100m", "1.5Gi", "2e3".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nodal {

/// A fixed-point number with a suffix. Keeps the text it was made from, so that it prints back as
/// written; compares by value. Holds nano precision within ±2^63 units; smaller fractions round up,
/// larger values saturate.
/// @source apimachinery resource.Quantity (grammar and canonical form in the API reference)
class Quantity {
 public:
  Quantity() = default;  ///< "0"
  /// Nothing when the text is not <sign><digits>[.<digits>]<suffix> with n u m "" k M G T P E, Ki …
  /// Ei, or e/E exponent.
  static std::optional<Quantity> parse(std::string_view text);
  static Quantity of(std::int64_t units);
  static Quantity milli(
      std::int64_t thousandths);  ///< canonical text: milli(1500) is "1500m", milli(2000) is "2"
  static Quantity bytes(
      std::int64_t bytes);  ///< canonical with binary suffix: bytes(1<<30) is "1Gi"

  /// Units, fractions rounded up (as Go's Value()).
  [[nodiscard]] std::int64_t value() const;
  /// Thousandths, smaller fractions rounded up (as Go's MilliValue()).
  [[nodiscard]] std::int64_t milli_value() const;
  [[nodiscard]] bool is_zero() const { return units_ == 0 && nanos_ == 0; }
  [[nodiscard]] const std::string& text() const { return text_; }
  enum class Precision { nano, milli };
  /// The one text of this value in its form (binary suffix, decimal suffix, exponent): the largest
  /// suffix with a whole number before it. What is finer than `precision` is rounded away from
  /// zero. A value that is too large to be held stays as written.
  [[nodiscard]] std::string canonical(Precision precision = Precision::nano) const;

  friend bool operator==(const Quantity& a, const Quantity& b) {
    return a.units_ == b.units_ && a.nanos_ == b.nanos_;
  }
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    if (const auto c = a.units_ <=> b.units_; c != 0) return c;
    return a.nanos_ <=> b.nanos_;
  }

 private:
  std::int64_t units_ = 0;
  std::int32_t nanos_ = 0;  // 0 … 999,999,999, added to units_ (also for negative numbers)
  std::string text_ = "0";
};

}  // namespace nodal
