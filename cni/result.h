// cni/result.h — the documents a CNI plugin prints. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cni/plan.h"
#include "cni/request.h"

namespace nodal::cni {

[[nodiscard]] std::string success_document(const Request& request, const Lease& lease);
[[nodiscard]] std::string error_document(std::string_view version, const Failure& failure);
[[nodiscard]] std::string version_document(std::string_view version);

}  // namespace nodal::cni
