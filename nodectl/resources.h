// nodectl/resources.h — what the server serves, by the names that people type.
#pragma once

#include <string>
#include <vector>

#include "api-client/client/client.h"
#include "base/result.h"

namespace nodal::nodectl {

struct ResourceKind {
  std::string group, version, kind, plural, singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;  ///< "all": what `get all` shows
  std::vector<std::string> verbs;
  bool namespaced = true;

  /// "deployment.apps", "pod": as kubectl prints them.
  [[nodiscard]] std::string printed() const;
  /// "apps/v1", "v1".
  [[nodiscard]] std::string api_version() const;
  [[nodiscard]] std::string path(std::string_view ns, std::string_view name = "") const;
};

/// Read from the server's discovery.
class Resources {
 public:
  static Result<Resources> discover(client::Client& client);

  /// "pods", "po", "deployment", "deployments.apps", "deployment.v1.apps".
  /// @errors not_found, with names that are close
  Result<ResourceKind> by_name(std::string_view name) const;
  /// What a name given to `get` means: the kinds of a category ("all"), or the one kind.
  /// @errors not_found, with names that are close
  Result<std::vector<ResourceKind>> meant_by(std::string_view name) const;
  /// @errors not_found, saying which versions there are
  Result<ResourceKind> by_kind(std::string_view api_version, std::string_view kind) const;
  [[nodiscard]] const std::vector<ResourceKind>& all() const { return kinds_; }

 private:
  std::vector<ResourceKind> kinds_;
};

}  // namespace nodal::nodectl
