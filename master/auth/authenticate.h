// master/auth/authenticate.h — a request → who sent it.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/http/message.h"
#include "base/result.h"
#include "master/auth/identity.h"
#include "master/auth/tokens.h"

namespace nodal::master {

/// Client certificates (CN = user, O = groups), then service-account tokens, then anonymous.
/// Thread-safe.
class Authenticator {
 public:
  /// True while what a token is bound to still exists with those uids.
  using StillBound = std::function<bool(const TokenClaims&)>;

  Authenticator(const Tokens& tokens, std::string audience, const Clock& clock,
                StillBound still_bound)
      : tokens_(tokens),
        audience_(std::move(audience)),
        clock_(clock),
        still_bound_(std::move(still_bound)) {}

  /// A sender without credentials is system:anonymous; one whose certificate does not verify is
  /// nobody, unless a token says who it is.
  /// @errors forbidden: credentials that are not valid (401)
  [[nodiscard]] Result<Identity> identify(const http::Request& request) const;
  /// Whose token it is, for whoever calls itself `audience`.
  /// @errors forbidden: not valid there
  [[nodiscard]] Result<Identity> identify_token(std::string_view token,
                                                std::string_view audience) const;
  [[nodiscard]] const std::string& audience() const { return audience_; }

 private:
  const Tokens& tokens_;
  const std::string audience_;
  const Clock& clock_;
  const StillBound still_bound_;
};

/// Whom the request wants to be taken for (Impersonate-User, -Group, -Uid, -Extra-…); nothing
/// without those headers. A service account without groups is in those that it always is in.
/// @errors invalid: groups without a user
Result<std::optional<Identity>> impersonated(const http::Request& request);

}  // namespace nodal::master
