// agent/pod/pull_secrets.h — the logins that a pod's imagePullSecrets give for an image. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gen/core_v1.h"

namespace nodal::agent {

struct RegistryLogin {
  std::string username, password;

  bool operator==(const RegistryLogin&) const = default;
};

/// What a pod may say to which registry.
class Keyring {
 public:
  /// Adds what a secret of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg holds;
  /// other types hold nothing.
  /// @errors invalid: it cannot be read; the message has the secret's name and nothing of its data
  Result<> add(const core_v1::Secret& secret);

  /// The logins for that image, to be tried in this order: longer (later in the alphabet) entries
  /// first, as the kubelet orders them. An entry matches by host, part by part with globs, by the
  /// same port, and by the beginning of the path.
  /// @source kubernetes.io, Images: Interpretation of config.json
  [[nodiscard]] std::vector<RegistryLogin> logins(std::string_view image) const;

 private:
  std::map<std::string, std::vector<RegistryLogin>, std::greater<>> entries_;  // by host and path
};

/// docker.io/library/nginx for nginx:1.27: with its registry, without tag and digest.
[[nodiscard]] std::string full_repository(std::string_view image);
/// The value of X-Registry-Auth: JSON in the base64 that is safe in URLs.
/// @source Docker Engine API, Authentication
[[nodiscard]] std::string registry_auth(const RegistryLogin& login);

}  // namespace nodal::agent
