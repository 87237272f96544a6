// api-client/codec/merge_diff.h — the JSON merge patch that turns one document into another. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nodal::codec {

/// What must be sent so that `before` becomes `after` (RFC 7386): changed members, null for those
/// that go, lists whole.
/// "{}" when they are equal.
/// @errors invalid when either text is no JSON object
Result<std::string> merge_diff(std::string_view before, std::string_view after);

}  // namespace nodal::codec
