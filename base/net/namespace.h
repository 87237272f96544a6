// base/net/namespace.h — network namespaces as handles, entered for a scope.
#pragma once

#include <string>

#include "base/handle.h"
#include "base/result.h"

namespace nodal::net {

/// An open network namespace.
/// @errors not_found: no such file; invalid: it is no network namespace
Result<UniqueFd> open_namespace(const std::string& path);

/// True when the calling thread is in it.
Result<bool> is_current_namespace(int fd);

/// The calling thread is in another network namespace until the scope ends. Bound to its thread.
/// Privilege: CAP_SYS_ADMIN.
class ScopedNamespace {
 public:
  static Result<ScopedNamespace> enter(int fd);
  ScopedNamespace(ScopedNamespace&&) = default;
  ScopedNamespace& operator=(ScopedNamespace&&) = delete;
  ~ScopedNamespace();

 private:
  explicit ScopedNamespace(UniqueFd home) : home_(std::move(home)) {}
  UniqueFd home_;
};

}  // namespace nodal::net
