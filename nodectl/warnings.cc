// nodectl/warnings.cc — see warnings.h.
#include "nodectl/warnings.h"

#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "nodectl/context.h"

namespace nodal::nodectl {

std::optional<std::string> warning_text(std::string_view header) {
  if (!header.starts_with("299 ")) return std::nullopt;
  const auto open = header.find(" \"");
  if (open == std::string_view::npos) return std::nullopt;
  std::string out;
  for (std::size_t i = open + 2; i < header.size(); ++i) {
    if (header[i] == '"') return out;
    if (header[i] == '\\' && ++i == header.size()) break;
    out += header[i];
  }
  return std::nullopt;
}

void print_warnings(const http::Headers& headers) {
  static std::set<std::string> told;
  for (const auto header : headers.all("Warning"))
    if (const auto text = warning_text(header); text && told.insert(*text).second)
      std::fputs(text::cat(caution("Warning:", STDERR_FILENO), " ", printable(*text), "\n").c_str(),
                 stderr);
}

}  // namespace nodal::nodectl
