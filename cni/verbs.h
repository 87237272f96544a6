// cni/verbs.h — ADD, CHECK, DEL, GC and STATUS on this host.
#pragma once

#include <string>

#include "cni/request.h"

namespace nodal::cni {

/// Does what is asked; what to print on standard output.
Outcome<std::string> carry_out(const Request& request);

}  // namespace nodal::cni
