// tests/fuzz/url_fuzz.cc — request lines: the first word is the method, the rest the target.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "master/api/page_token.h"
#include "master/api/request_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto blank = text.find(' ');
  const auto method = text.substr(0, blank);
  const auto target = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
  if (const auto info = nodal::master::parse_request(method, target)) {
    // Nothing that becomes part of a key may leave its place.
    for (const std::string_view part :
         {std::string_view(info->namespace_), std::string_view(info->resource),
          std::string_view(info->name), std::string_view(info->subresource)})
      if (part == "." || part == ".." || part.find('/') != std::string_view::npos ||
          part.find('\0') != std::string_view::npos)
        std::abort();
  }
  if (const auto token = nodal::master::PageToken::parse(target))
    if (nodal::master::PageToken::parse(token->text())->after != token->after) std::abort();
  return 0;
}
