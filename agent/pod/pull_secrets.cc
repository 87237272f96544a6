// agent/pod/pull_secrets.cc — see pull_secrets.h.
#include "agent/pod/pull_secrets.h"

#include <fnmatch.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "base/text.h"

namespace nodal::agent {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxSecretBytes = 1u << 20;
constexpr std::size_t kMaxEntryBytes = 1024;
constexpr auto kMaxStars = 4;  // in one part of a host: matching backtracks
constexpr std::string_view kHub = "docker.io", kHubIndex = "index.docker.io";

std::string string_of(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

/// "https://host:1/v2/team/" → "host:1/team/"; a path of "/" alone says nothing.
std::string entry_name(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  const auto slash = std::min(key.find('/'), key.size());
  const auto host = key.substr(0, slash);
  auto path = key.substr(slash);
  if (path.starts_with("/v2/") || path.starts_with("/v1/")) path.remove_prefix(3);
  return path == "/" ? std::string(host) : text::cat(host, path);
}

struct Place {
  std::string_view host, port, path;
};

Place place_of(std::string_view name) {
  Place out;
  const auto slash = std::min(name.find('/'), name.size());
  out.host = name.substr(0, slash);
  out.path = name.substr(slash);
  if (const auto colon = out.host.rfind(':'); colon != std::string_view::npos) {
    out.port = out.host.substr(colon + 1);
    out.host = out.host.substr(0, colon);
  }
  return out;
}

bool part_matches(std::string_view glob, std::string_view part) {
  return std::ranges::count(glob, '*') <= kMaxStars &&
         ::fnmatch(std::string(glob).c_str(), std::string(part).c_str(), 0) == 0;
}

bool matches(std::string_view entry, std::string_view repository) {
  const auto want = place_of(entry), have = place_of(repository);
  return want.port == have.port && have.path.starts_with(want.path) &&
         std::ranges::equal(text::split(want.host, '.'), text::split(have.host, '.'), part_matches);
}

/// Nothing when `auth` is not base64 of "user:password".
std::optional<RegistryLogin> login_of(const json::object& entry) {
  std::string auth = string_of(entry, "auth");
  if (auth.empty())
    return RegistryLogin{string_of(entry, "username"), string_of(entry, "password")};
  while (auth.size() % 4 != 0) auth += '=';  // some tools leave the padding off
  const auto plain = text::unbase64(auth);
  const auto colon = plain ? plain->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  // Docker's own tools once ended the password with zero bytes.
  auto password = plain->substr(colon + 1);
  password.resize(password.find_last_not_of('\0') + 1);
  return RegistryLogin{plain->substr(0, colon), std::move(password)};
}

}  // namespace

Result<> Keyring::add(const core_v1::Secret& secret) {
  const bool whole = secret.type == "kubernetes.io/dockerconfigjson";
  if (!whole && secret.type != "kubernetes.io/dockercfg") return {};
  const std::string key = whole ? ".dockerconfigjson" : ".dockercfg";
  const auto bad = [&](std::string_view why) {
    return fail(Errc::invalid,
                text::cat("image pull secret \"", secret.metadata.name, "\": ", key, " ", why,
                          "; make it anew with kubectl create secret "
                          "docker-registry"));
  };
  const auto data = secret.data.find(key);
  if (data == secret.data.end()) return bad("is missing");
  if (data->second.size() > kMaxSecretBytes) return bad("is too large");
  boost::system::error_code error;
  const auto parsed = json::parse(data->second, error, {}, {.max_depth = 16});
  if (error || !parsed.is_object()) return bad("is not a JSON object");
  const auto* entries = &parsed.get_object();
  if (whole) {
    const auto* auths = entries->if_contains("auths");
    if (auths == nullptr || auths->is_null()) return {};
    if (!auths->is_object()) return bad("has auths that are not an object");
    entries = &auths->get_object();
  }
  for (const auto& [registry, entry] : *entries) {
    if (registry.size() > kMaxEntryBytes) return bad("names a registry too long");
    const auto login = entry.is_object() ? login_of(entry.get_object()) : std::nullopt;
    if (!login) return bad("has a login that cannot be read");
    entries_[entry_name(registry)].push_back(*login);
  }
  return {};
}

std::vector<RegistryLogin> Keyring::logins(std::string_view image) const {
  const auto repository = full_repository(image);
  std::vector<RegistryLogin> out;
  const auto take = [&](const std::vector<RegistryLogin>& found) {
    for (const auto& login : found)
      if (std::ranges::find(out, login) == out.end()) out.push_back(login);
  };
  for (const auto& [entry, found] : entries_)
    if (matches(entry, repository)) take(found);
  if (!out.empty() || place_of(repository).host != kHub) return out;
  if (const auto hub = entries_.find(std::string(kHubIndex)); hub != entries_.end())
    take(hub->second);
  return out;
}

std::string full_repository(std::string_view image) {
  image = image.substr(0, image.find('@'));
  if (const auto colon = image.rfind(':');
      colon != std::string_view::npos && image.find('/', colon) == std::string_view::npos)
    image = image.substr(0, colon);
  const auto slash = image.find('/');
  if (slash == std::string_view::npos) return text::cat(kHub, "/library/", image);
  const auto first = image.substr(0, slash);
  if (first == kHubIndex) return text::cat(kHub, image.substr(slash));
  if (first == "localhost" || first.find_first_of(".:") != std::string_view::npos)
    return std::string(image);
  return text::cat(kHub, "/", image);
}

std::string registry_auth(const RegistryLogin& login) {
  auto out = text::base64(
      json::serialize(json::object{{"username", login.username}, {"password", login.password}}));
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

}  // namespace nodal::agent
