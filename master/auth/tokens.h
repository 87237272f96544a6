// master/auth/tokens.h — service-account tokens: JWT, ES256, bound to a time and perhaps to an
// object.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "master/auth/identity.h"

namespace nodal::master {

/// The object that a token ends with.
struct TokenBinding {
  std::string kind;  ///< Pod, Secret or Node; "" for none
  std::string name, uid;
};

struct TokenClaims {
  std::string namespace_, account, account_uid;
  TokenBinding bound;
  std::vector<std::string> audiences;
  TimePoint issued{}, expires{};
};

/// Signs and verifies. Thread-safe.
/// @source RFC 7519, RFC 7518 §3.4; claims as REQUIREMENTS of service-account tokens lists them;
/// SECURITY 39
class Tokens {
 public:
  /// Reads the signing key, or makes it (0600).
  static Result<Tokens> open(const std::string& key_file, std::string issuer);
  Tokens(Tokens&&) noexcept;
  Tokens& operator=(Tokens&&) noexcept;
  ~Tokens();

  Result<std::string> sign(const TokenClaims& claims) const;
  /// @errors forbidden: not ours, expired, for another audience — the message does not repeat the
  /// token
  Result<TokenClaims> verify(std::string_view token, std::string_view audience,
                             TimePoint now) const;
  [[nodiscard]] const std::string& issuer() const;
  /// The public key as a JWK set.
  [[nodiscard]] std::string jwks() const;

  /// system:serviceaccount:NAMESPACE:ACCOUNT and its groups.
  static Identity identity_of(const TokenClaims& claims);

 private:
  struct State;
  explicit Tokens(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nodal::master
