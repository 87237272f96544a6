// api-client/client/status.h — Kubernetes Status ↔ Error: the one table.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::client {

/// The Errc of a Status reason ("NotFound"), or of the HTTP status when the reason is unknown or
/// empty.
Errc errc_of_reason(std::string_view reason, int http_status);
/// "NotFound" for not_found, and the HTTP status it goes with.
std::string_view reason_of(Errc code);
int http_status_of(Errc code);

/// The error in an answer that is not 2xx: the Status' message, or the text itself when it is no
/// Status.
Error error_of(int http_status, std::string_view body);

}  // namespace nodal::client
