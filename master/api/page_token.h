// master/api/page_token.h — the opaque `continue` of a list: which state, and behind which key.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "master/store/kv.h"

namespace nodal::master {

struct PageToken {
  Revision revision = 0;  ///< 0: the present (an inconsistent continuation)
  std::string after;      ///< last key sent, without the kind's prefix

  [[nodiscard]] std::string text() const;
  /// @errors invalid
  static Result<PageToken> parse(std::string_view text);
};

}  // namespace nodal::master
