// master/auth/authenticate.cc — see authenticate.h.
#include "master/auth/authenticate.h"

#include "base/text.h"

namespace nodal::master {

Result<Identity> Authenticator::identify(const http::Request& request) const {
  if (request.certificate && !request.certificate->common_name.empty()) {
    Identity identity{request.certificate->common_name, request.certificate->organizations, ""};
    identity.groups.emplace_back("system:authenticated");
    return identity;
  }
  const auto header = request.headers.get("Authorization");
  if (header.empty()) return Identity{"system:anonymous", {"system:unauthenticated"}, ""};
  constexpr std::string_view kBearer = "bearer ";
  if (text::lower(header.substr(0, kBearer.size())) != kBearer)
    return fail(Errc::forbidden, "only client certificates and bearer tokens are taken");
  const auto claims =
      NODAL_TRY(tokens_.verify(text::trim(header.substr(kBearer.size())), audience_, clock_.now()));
  if (!still_bound_(claims))
    return fail(Errc::forbidden, "invalid bearer token: what it was bound to is gone");
  return Tokens::identity_of(claims);
}

Result<std::optional<Identity>> impersonated(const http::Request& request) {
  const auto user = request.headers.get("Impersonate-User");
  const auto groups = request.headers.all("Impersonate-Group");
  const auto uid = request.headers.get("Impersonate-Uid");
  if (user.empty()) {
    if (!groups.empty() || !uid.empty())
      return fail(Errc::invalid,
                  "requested impersonation of a group or uid without impersonating a user");
    return std::optional<Identity>();
  }
  Identity identity{std::string(user), {}, std::string(uid)};
  for (const auto group : groups) identity.groups.emplace_back(group);
  identity.groups.emplace_back(user == "system:anonymous" ? "system:unauthenticated"
                                                          : "system:authenticated");
  return std::optional(std::move(identity));
}

}  // namespace nodal::master
