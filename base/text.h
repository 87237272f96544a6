// base/text.h — small text tools that two or more rooms need.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nodal::text {

namespace detail {
inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
template <std::integral T>
void append(std::string& out, T part) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, part).ptr);
}
}  // namespace detail

/// The parts, one after another: strings, characters and integers.
template <class... Parts>
[[nodiscard]] std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

/// `a,b,,c` at `,` → {"a", "b", "", "c"}; an empty text gives no parts. The views point into
/// `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);

/// The whole of `text` as a decimal number, or nothing.
template <std::integral T>
[[nodiscard]] std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// RFC 4648 base64 with padding.
[[nodiscard]] std::string base64(std::string_view bytes);
/// The bytes, or nothing when the text is not base64 (line breaks are tolerated, as Go does).
[[nodiscard]] std::optional<std::string> unbase64(std::string_view text);
/// Lower-case hexadecimal.
[[nodiscard]] std::string hex(std::string_view bytes);
/// RFC 3629: no surrogates, no longer forms than needed, nothing over U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Columns padded to the widest cell and joined by three blanks, as kubectl prints tables; no
/// trailing blanks.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace nodal::text
