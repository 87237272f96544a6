// nodectl/duration.cc — see duration.h.
#include "nodectl/duration.h"

#include <charconv>
#include <utility>

#include "base/text.h"

namespace nodal::nodectl {

using namespace std::chrono_literals;

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  if (rest == "0") return 0ms;
  double total = 0;  // milliseconds
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    double unit = 0;
    for (const auto& [name, value] : {std::pair<std::string_view, double>{"ms", 1},
                                      {"s", 1000},
                                      {"m", 60'000},
                                      {"h", 3'600'000}})
      if (rest.starts_with(name)) {
        unit = value;
        rest.remove_prefix(name.size());
        break;
      }
    if (unit == 0) break;
    total += number * unit;
    if (rest.empty() && total < 1e15)
      return std::chrono::milliseconds(static_cast<std::int64_t>(negative ? -total : total));
  }
  return fail(Errc::invalid,
              text::cat("time: invalid duration \"", text, "\"; 30s, 5m or 1h30m are ones"));
}

Deadline::Deadline(std::chrono::milliseconds limit) {
  if (limit == 0ms) return;
  if (limit < 0ms) limit = 168h;
  end_ = std::chrono::steady_clock::now() + limit;
}

bool Deadline::over() const { return end_ && std::chrono::steady_clock::now() >= *end_; }

std::optional<std::chrono::seconds> Deadline::left() const {
  if (!end_) return std::nullopt;
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(*end_ - std::chrono::steady_clock::now());
  return std::max<std::chrono::seconds>(left, 1s);
}

}  // namespace nodal::nodectl
