// master/api/page_token.cc — see page_token.h.
#include "master/api/page_token.h"

#include "base/text.h"

namespace nodal::master {

std::string PageToken::text() const { return text::base64(text::cat("v1:", revision, ":", after)); }

Result<PageToken> PageToken::parse(std::string_view text) {
  const auto decoded = text.size() <= 2048 ? text::unbase64(text) : std::nullopt;
  if (!decoded || !decoded->starts_with("v1:"))
    return fail(Errc::invalid, "it was not issued by this server");
  const std::string_view rest = std::string_view(*decoded).substr(3);
  const auto colon = rest.find(':');
  const auto revision = text::number<Revision>(rest.substr(0, colon));
  if (colon == std::string_view::npos || !revision)
    return fail(Errc::invalid, "it was not issued by this server");
  for (const char c : rest.substr(colon + 1))
    if (static_cast<unsigned char>(c) < 0x20)
      return fail(Errc::invalid, "it was not issued by this server");
  return PageToken{*revision, std::string(rest.substr(colon + 1))};
}

}  // namespace nodal::master
