// base/assert.h — broken invariants of our own code: log where, then abort.
#pragma once

namespace nodal::detail {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}

#define NODAL_ASSERT(expression)       \
  ((expression) ? static_cast<void>(0) \
                : ::nodal::detail::assertion_failed(#expression, __FILE__, __LINE__))
