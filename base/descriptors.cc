// base/descriptors.cc — see descriptors.h.
#include "base/descriptors.h"

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace nodal {
namespace {

std::optional<rlimit> before;  // written before any thread exists

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
    before = limit;
  else
    log::warn("the limit of open files stays", {{"error", std::strerror(errno)}});
}

std::optional<rlimit> limit_before_raise() { return before; }

}  // namespace nodal
