// nodectl/warnings.h — what a server says beside its answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/http/message.h"

namespace nodal::nodectl {

/// The text of one Warning header, `299 - "text"`; nothing when it is another code or no such
/// header. Pure.
/// @source RFC 7234 section 5.5; Kubernetes API warnings (KEP-1693)
std::optional<std::string> warning_text(std::string_view header);

/// Prints the warnings of an answer to standard error, each text once in the life of the process.
void print_warnings(const http::Headers& headers);

}  // namespace nodal::nodectl
