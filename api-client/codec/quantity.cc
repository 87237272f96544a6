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

/// The largest suffix that needs no fraction.
std::string decimal_text(std::int64_t units) {
  constexpr std::array<std::string_view, 7> kSuffixes = {"", "k", "M", "G", "T", "P", "E"};
  std::size_t step = 0;
  while (units != 0 && units % 1000 == 0 && step + 1 < kSuffixes.size()) {
    units /= 1000;
    ++step;
  }
  return text::cat(units, kSuffixes[step]);
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
  out.text_ = decimal_text(units);
  return out;
}

Quantity Quantity::milli(std::int64_t thousandths) {
  if (thousandths % 1000 == 0) return of(thousandths / 1000);
  Quantity out;
  out.units_ = thousandths / 1000 - (thousandths < 0 ? 1 : 0);
  const std::int64_t rest = thousandths % 1000 + (thousandths < 0 ? 1000 : 0);
  out.nanos_ = static_cast<std::int32_t>(rest * 1'000'000);
  out.text_ = text::cat(thousandths, 'm');
  return out;
}

Quantity Quantity::bytes(std::int64_t bytes) {
  Quantity out;
  out.units_ = bytes;
  std::size_t step = 0;
  while (bytes != 0 && bytes % 1024 == 0 && step < kBinary.size()) {
    bytes /= 1024;
    ++step;
  }
  out.text_ = text::cat(bytes);
  if (step > 0) out.text_ += {kBinary[step - 1], 'i'};
  return out;
}

std::int64_t Quantity::value() const {
  // Away from zero; a negative number's units_ are that already.
  return nanos_ != 0 && units_ >= 0 && units_ < kMax ? units_ + 1 : units_;
}

std::int64_t Quantity::milli_value() const {
  __extension__ using Signed = __int128;
  const Signed nanos = static_cast<Signed>(units_) * kNanosPerUnit + nanos_;
  constexpr Signed kNanosPerMilli = 1'000'000;
  Signed millis = nanos / kNanosPerMilli;
  if (nanos % kNanosPerMilli != 0) millis += nanos > 0 ? 1 : -1;
  constexpr Signed kMin = std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(std::clamp<Signed>(millis, kMin, kMax));
}

}  // namespace nodal
