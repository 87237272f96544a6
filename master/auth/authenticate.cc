// master/auth/authenticate.cc — see authenticate.h.
#include "master/auth/authenticate.h"

#include "base/text.h"

namespace nodal::master {
namespace {

// Impersonate-Extra-KEY: one value a line; the key may be percent-encoded.
std::map<std::string, std::vector<std::string>> impersonated_extra(const http::Request& request) {
  constexpr std::string_view kExtra = "impersonate-extra-";
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [name, value] : request.headers.lines()) {
    const auto lower = text::lower(name);
    if (!lower.starts_with(kExtra)) continue;
    auto key = lower.substr(kExtra.size());
    if (const auto decoded = http::percent_decode(key)) key = *decoded;
    out[key].push_back(value);
  }
  return out;
}

// Namespace and name of the service account that a user is.
std::optional<std::pair<std::string_view, std::string_view>> account_of(std::string_view user) {
  constexpr std::string_view kAccount = "system:serviceaccount:";
  if (!user.starts_with(kAccount)) return std::nullopt;
  user.remove_prefix(kAccount.size());
  const auto colon = user.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == user.size() ||
      user.find(':', colon + 1) != std::string_view::npos)
    return std::nullopt;
  return std::pair(user.substr(0, colon), user.substr(colon + 1));
}

}  // namespace

Result<Identity> Authenticator::identify(const http::Request& request) const {
  if (request.certificate && !request.certificate->common_name.empty()) {
    Identity identity{request.certificate->common_name, request.certificate->organizations, ""};
    identity.groups.emplace_back("system:authenticated");
    return identity;
  }
  const auto header = request.headers.get("Authorization");
  if (header.empty() && request.has_unverified_certificate)
    return fail(Errc::forbidden, "the client certificate does not verify");
  if (header.empty()) return Identity{"system:anonymous", {"system:unauthenticated"}, ""};
  constexpr std::string_view kBearer = "bearer ";
  if (text::lower(header.substr(0, kBearer.size())) != kBearer)
    return fail(Errc::forbidden, "only client certificates and bearer tokens are taken");
  return identify_token(text::trim(header.substr(kBearer.size())), audience_);
}

Result<Identity> Authenticator::identify_token(std::string_view token,
                                               std::string_view audience) const {
  const auto claims = NODAL_TRY(tokens_.verify(token, audience, clock_.now()));
  if (!still_bound_(claims))
    return fail(Errc::forbidden, "invalid bearer token: what it was bound to is gone");
  return Tokens::identity_of(claims);
}

Result<std::optional<Identity>> impersonated(const http::Request& request) {
  const auto user = request.headers.get("Impersonate-User");
  const auto groups = request.headers.all("Impersonate-Group");
  const auto uid = request.headers.get("Impersonate-Uid");
  auto extra = impersonated_extra(request);
  if (user.empty()) {
    if (!groups.empty() || !uid.empty() || !extra.empty())
      return fail(Errc::invalid,
                  "requested impersonation of a group, uid or extra without impersonating a user");
    return std::optional<Identity>();
  }
  Identity identity{std::string(user), {}, std::string(uid), std::move(extra)};
  for (const auto group : groups)
    if (!identity.in_group(group)) identity.groups.emplace_back(group);
  if (const auto account = account_of(user); account && groups.empty())
    identity.groups =
        Tokens::identity_of(
            {std::string(account->first), std::string(account->second), "", {}, {}, {}, {}})
            .groups;
  if (user == "system:anonymous") {
    if (!identity.in_group("system:unauthenticated"))
      identity.groups.emplace_back("system:unauthenticated");
  } else if (!identity.in_group("system:authenticated") &&
             !identity.in_group("system:unauthenticated")) {
    identity.groups.emplace_back("system:authenticated");
  }
  return std::optional(std::move(identity));
}

}  // namespace nodal::master
