// cni/result.h — the documents a CNI plugin prints. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cni/plan.h"
#include "cni/request.h"

namespace nodal::cni {

/// "0e:01:0a:f4:00:02"
[[nodiscard]] std::string mac_text(const netlink::Mac& mac);
[[nodiscard]] std::string success_document(const Request& request, const Lease& lease);
[[nodiscard]] std::string error_document(std::string_view version, const Failure& failure);
[[nodiscard]] std::string version_document(std::string_view version);

}  // namespace nodal::cni
