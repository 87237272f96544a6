// master/registry/allocate/numbers.h — which of a range of numbers are taken. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace nodal::master {

/// A bitmap over [0, size). Free numbers are looked for from a moving start, so that one given back
/// is not handed out at once.
class Numbers {
 public:
  explicit Numbers(std::uint64_t size) : size_(size), bits_((size + 63) / 64) {}

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] bool is_taken(std::uint64_t n) const {
    return (bits_[n / 64] >> (n % 64) & 1) != 0;
  }

  /// False when it is taken already.
  bool take(std::uint64_t n);
  void give_back(std::uint64_t n);
  /// Takes a free number of [from, size), or of [0, from) when those are all taken. Nothing: all
  /// are taken.
  /// @param start  where in the range to begin looking
  std::optional<std::uint64_t> take_any(std::uint64_t from, std::uint64_t start);

 private:
  [[nodiscard]] std::optional<std::uint64_t> find_free(std::uint64_t begin,
                                                       std::uint64_t end) const;

  std::uint64_t size_;
  std::uint64_t taken_ = 0;
  std::vector<std::uint64_t> bits_;
};

}  // namespace nodal::master
