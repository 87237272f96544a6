// base/descriptors.h — how many files and sockets this process may have open.
#pragma once

#include <sys/resource.h>

#include <optional>

namespace nodal {

/// Raises the soft limit to the hard one: every client of a daemon is a descriptor. Programs that
/// run_program() starts get the limit of before, since some loop over all numbers or rely on
/// select(). Call first in main.
void raise_descriptor_limit();

/// The limit of before; nothing when it was not raised.
[[nodiscard]] std::optional<rlimit> limit_before_raise();

}  // namespace nodal
