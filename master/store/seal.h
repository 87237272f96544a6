// master/store/seal.h — encryption at rest: what a secret's bytes look like on the disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal::master {

/// AES-256-GCM with a key from a file that only its owner may read. The entry's key is
/// authenticated with the value, so that values cannot be swapped; a random 96-bit nonce is written
/// before each. Thread-safe.
class Seal {
 public:
  /// Reads the key file, or makes it (mode 0600) when it is not there.
  /// @param prefixes  keys below these are sealed
  /// @errors invalid for a file that is no key; forbidden when others may read it
  static Result<Seal> open(const std::string& key_file, std::vector<std::string> prefixes);

  [[nodiscard]] bool covers(std::string_view key) const;
  [[nodiscard]] Result<std::string> seal(std::string_view key, std::string_view plain) const;
  /// @errors invalid: another key, or the bytes were changed
  [[nodiscard]] Result<std::string> unseal(std::string_view key, std::string_view sealed) const;

 private:
  Seal(std::string secret, std::vector<std::string> prefixes)
      : secret_(std::move(secret)), prefixes_(std::move(prefixes)) {}

  std::string secret_;  // 32 bytes
  std::vector<std::string> prefixes_;
};

}  // namespace nodal::master
