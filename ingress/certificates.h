// ingress/certificates.h — the Secrets that Ingresses name, as files of nginx. Each is watched by
// itself: nobody has to give the ingress more than these.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "api-client/client/client.h"
#include "api-client/client/mirror.h"
#include "api-client/client/reflector.h"
#include "gen/core_v1.h"
#include "ingress/render.h"

namespace nodal::ingress {

/// Thread: one owner; `changed` is called on threads of its own.
class Certificates {
 public:
  /// @param changed  a Secret is there, has changed or is gone: follow() tells more
  Certificates(std::shared_ptr<client::Client> client, RenderOptions render,
               std::function<void()> changed);

  /// What follow() has found.
  struct Found {
    std::set<std::string> at_hand;  ///< Secrets whose key and certificate are in their files
    bool all_known = true;  ///< false: some were not asked for long enough to say they are missing
    bool bytes_differ = false;  ///< a file holds something else than at the last call
  };
  /// Watches these Secrets ("namespace/name") and no others, and writes what has come.
  Found follow(const std::set<std::string>& wanted);

 private:
  struct Watched {
    client::Mirror<core_v1::Secret> mirror;
    std::unique_ptr<client::Reflector<core_v1::Secret>> feed;  // ends before the mirror
    std::chrono::steady_clock::time_point since;
    std::string written;  // "" no file
  };

  [[nodiscard]] std::unique_ptr<Watched> watch(const std::string& key) const;

  const std::shared_ptr<client::Client> client_;
  const RenderOptions render_;
  const std::function<void()> changed_;
  std::map<std::string, std::unique_ptr<Watched>> watched_;
};

}  // namespace nodal::ingress
