// master/registry/allocate/numbers.cc — see numbers.h.
#include "master/registry/allocate/numbers.h"

#include <algorithm>
#include <bit>

namespace nodal::master {

bool Numbers::take(std::uint64_t n) {
  if (is_taken(n)) return false;
  bits_[n / 64] |= std::uint64_t{1} << (n % 64);
  ++taken_;
  return true;
}

void Numbers::give_back(std::uint64_t n) {
  if (!is_taken(n)) return;
  bits_[n / 64] &= ~(std::uint64_t{1} << (n % 64));
  --taken_;
}

std::optional<std::uint64_t> Numbers::find_free(std::uint64_t begin, std::uint64_t end) const {
  for (std::uint64_t n = begin; n < end;) {
    const std::uint64_t free = ~bits_[n / 64] >> (n % 64);
    if (free == 0) {
      n = (n / 64 + 1) * 64;
      continue;
    }
    n += static_cast<std::uint64_t>(std::countr_zero(free));
    if (n < end) return n;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Numbers::take_any(std::uint64_t from, std::uint64_t start) {
  from = std::min(from, size_);
  const std::uint64_t upper = size_ - from;
  const std::uint64_t begin = upper == 0 ? size_ : from + start % upper;
  auto n = find_free(begin, size_);
  if (!n) n = find_free(from, begin);
  if (!n) n = find_free(0, from);
  if (n) take(*n);
  return n;
}

}  // namespace nodal::master
