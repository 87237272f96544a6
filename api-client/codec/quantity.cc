// api-client/codec/quantity.cc — see quantity.h.
#include "api-client/codec/quantity.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"

namespace nodal {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNanosPerUnit = 1'000'000'000;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::string_view kBinary = "KMGTPE";  // the letter before the i; 2^10, 2^20 …
// More fraction digits than these cannot change a nano, even of an Ei.
constexpr std::size_t kFractionDigits = 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Scale {
  int power_of_ten = 0;
  int power_of_two = 0;
};

std::optional<Scale> scale_of(std::string_view suffix) {
  if (suffix.empty()) return Scale{};
  if (suffix.size() == 2 && suffix[1] == 'i') {
    const auto at = kBinary.find(suffix[0]);
    if (at == std::string_view::npos) return std::nullopt;
    return Scale{0, static_cast<int>(at + 1) * 10};
  }
  if (suffix.size() == 1) {
    constexpr std::string_view kDecimal = "num kMGTPE";
    const auto at = kDecimal.find(suffix[0]);
    if (at == std::string_view::npos || suffix[0] == ' ') return std::nullopt;
    return Scale{(static_cast<int>(at) - 3) * 3, 0};
  }
  if (suffix[0] != 'e' && suffix[0] != 'E') return std::nullopt;
  suffix.remove_prefix(1);
  if (suffix[0] == '+') {
    suffix.remove_prefix(1);
    if (suffix.empty() || suffix[0] == '-') return std::nullopt;
  }
  const auto exponent = text::number<std::int32_t>(suffix);
  if (!exponent) return std::nullopt;
  return Scale{std::clamp(*exponent, -100'000, 100'000), 0};
}

/// The magnitude of a number: what `digits` with the point after `point` of them are, times
/// 2^power.
struct Magnitude {
  std::int64_t units = 0;
  std::int64_t nanos = 0;
};

Magnitude magnitude(std::string_view digits, std::int64_t point, int power) {
  const auto leading =
      static_cast<std::int64_t>(std::min(digits.find_first_not_of('0'), digits.size()));
  digits.remove_prefix(static_cast<std::size_t>(leading));
  point -= leading;
  if (digits.empty()) return {};
  constexpr Magnitude kSaturated{kMax, 0};
  if (point > 19) return kSaturated;

  Wide whole = 0;
  for (std::int64_t i = 0; i < point; ++i) {
    const auto at = static_cast<std::size_t>(i);
    whole = whole * 10 + static_cast<unsigned>(at < digits.size() ? digits[at] - '0' : 0);
  }
  Wide fraction = 0;
  Wide one = 1;  // `fraction` counts 1/one
  bool more = false;
  // Digit `at` of the fraction is digit point + at of the number; before the first there are zeros.
  for (std::int64_t at = std::max<std::int64_t>(point, 0);
       at < static_cast<std::int64_t>(digits.size()); ++at) {
    const auto place = static_cast<std::size_t>(at - point);
    const auto digit = static_cast<unsigned>(digits[static_cast<std::size_t>(at)] - '0');
    if (place >= kFractionDigits) {
      more = more || digit != 0;
      continue;
    }
    Wide weight = 1;
    for (std::size_t k = place + 1; k < kFractionDigits; ++k) weight *= 10;
    fraction += weight * digit;
  }
  for (std::size_t k = 0; k < kFractionDigits; ++k) one *= 10;

  fraction <<= power;
  whole = (whole << power) + fraction / one;
  const Wide rest = fraction % one * static_cast<Wide>(kNanosPerUnit);
  auto nanos = static_cast<std::int64_t>(rest / one) + (rest % one != 0 || more ? 1 : 0);
  if (nanos == kNanosPerUnit) {
    nanos = 0;
    ++whole;
  }
  if (whole >= static_cast<Wide>(kMax)) return kSaturated;
  return {static_cast<std::int64_t>(whole), nanos};
}

__extension__ using Nanos = __int128;

std::string digits(Nanos number) {
  constexpr Nanos kSplit = 1'000'000'000'000'000'000;
  if (number < 0) return "-" + digits(-number);
  const auto low = static_cast<std::int64_t>(number % kSplit);
  if (number < kSplit) return text::cat(low);
  const std::string tail = text::cat(low);
  return text::cat(static_cast<std::int64_t>(number / kSplit), std::string(18 - tail.size(), '0'),
                   tail);
}

/// The largest suffix that needs no fraction.
std::string decimal_text(Nanos nanos, bool exponent) {
  constexpr std::array<std::string_view, 10> kSuffixes = {"n", "u", "m", "",  "k",
                                                          "M", "G", "T", "P", "E"};
  constexpr int kUnits = 3;  // the step of ""
  int step = 0;
  while (nanos != 0 && nanos % 1000 == 0 && step + 1 < static_cast<int>(kSuffixes.size())) {
    nanos /= 1000;
    ++step;
  }
  if (nanos == 0) return "0";
  const std::string number = digits(nanos);
  if (!exponent) return text::cat(number, kSuffixes[static_cast<std::size_t>(step)]);
  return step == kUnits ? number : text::cat(number, "e", (step - kUnits) * 3);
}

// Away from zero.
Nanos millis_of(Nanos nanos) {
  const Nanos whole = nanos / kNanosPerMilli;
  if (nanos % kNanosPerMilli == 0) return whole;
  return whole + (nanos > 0 ? 1 : -1);
}

std::string binary_text(std::int64_t units) {
  std::size_t step = 0;
  while (units != 0 && units % 1024 == 0 && step < kBinary.size()) {
    units /= 1024;
    ++step;
  }
  return step > 0 ? text::cat(units, kBinary[step - 1], 'i') : text::cat(units);
}

}  // namespace

std::optional<Quantity> Quantity::parse(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);

  std::string digits;
  std::optional<std::size_t> point;
  while (!rest.empty() && (is_digit(rest[0]) || (rest[0] == '.' && !point))) {
    if (rest[0] == '.')
      point = digits.size();
    else
      digits += rest[0];
    rest.remove_prefix(1);
  }
  if (digits.empty()) return std::nullopt;
  const auto scale = scale_of(rest);
  if (!scale) return std::nullopt;

  const auto [units, nanos] = magnitude(
      digits, static_cast<std::int64_t>(point.value_or(digits.size())) + scale->power_of_ten,
      scale->power_of_two);
  Quantity out;
  out.text_ = text;
  out.units_ = negative ? -units - (nanos != 0 ? 1 : 0) : units;
  out.nanos_ = static_cast<std::int32_t>(negative && nanos != 0 ? kNanosPerUnit - nanos : nanos);
  return out;
}

Quantity Quantity::of(std::int64_t units) {
  Quantity out;
  out.units_ = units;
  out.text_ = decimal_text(static_cast<Nanos>(units) * kNanosPerUnit, false);
  return out;
}

Quantity Quantity::milli(std::int64_t thousandths) {
  if (thousandths % 1000 == 0) return of(thousandths / 1000);
  Quantity out;
  out.units_ = thousandths / 1000 - (thousandths < 0 ? 1 : 0);
  const std::int64_t rest = thousandths % 1000 + (thousandths < 0 ? 1000 : 0);
  out.nanos_ = static_cast<std::int32_t>(rest * kNanosPerMilli);
  out.text_ = text::cat(thousandths, 'm');
  return out;
}

Quantity Quantity::bytes(std::int64_t bytes) {
  Quantity out;
  out.units_ = bytes;
  out.text_ = binary_text(bytes);
  return out;
}

std::int64_t Quantity::value() const {
  // Away from zero; a negative number's units_ are that already.
  return nanos_ != 0 && units_ >= 0 && units_ < kMax ? units_ + 1 : units_;
}

std::int64_t Quantity::milli_value() const {
  constexpr Nanos kMin = std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(std::clamp<Nanos>(
      millis_of(static_cast<Nanos>(units_) * kNanosPerUnit + nanos_), kMin, kMax));
}

std::string Quantity::canonical(Precision precision) const {
  if (units_ == kMax || units_ <= -kMax) return text_;
  Nanos nanos = static_cast<Nanos>(units_) * kNanosPerUnit + nanos_;
  if (precision == Precision::milli) nanos = millis_of(nanos) * kNanosPerMilli;
  const bool whole = nanos % kNanosPerUnit == 0;
  const auto units = static_cast<std::int64_t>(nanos / kNanosPerUnit);
  if (text_.ends_with('i') && whole && (units <= -1024 || units >= 1024)) return binary_text(units);
  // A trailing E is a suffix, one before digits an exponent.
  const auto e = text_.find_first_of("eE");
  return decimal_text(nanos, e != std::string::npos && e + 1 < text_.size());
}

}  // namespace nodal
