// base/http/encode.cc — see encode.h.
#include "base/http/encode.h"

#include <ctime>

#include "base/text.h"

namespace nodal::http {
namespace {

// "Date: …\r\n", rendered once a second per thread.
std::string_view date_line() {
  thread_local std::time_t at = 0;
  thread_local char line[64];
  thread_local std::size_t size = 0;
  const std::time_t now = std::time(nullptr);
  if (now != at) {
    at = now;
    std::tm utc{};
    gmtime_r(&now, &utc);
    size = std::strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  }
  return {line, size};
}

// A header value can hold no line break: an answer cannot be split.
void append_clean(std::string& out, std::string_view value) {
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

}  // namespace

Response plain_refusal(int status) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.append(text::cat(reason(status), "\n"));
  return response;
}

void append_status_and_headers(std::string& out, int status, const Headers& headers) {
  out += text::cat("HTTP/1.1 ", status, " ", reason(status), "\r\n");
  for (const auto& [name, value] : headers.lines()) {
    append_clean(out, name);
    out += ": ";
    append_clean(out, value);
    out += "\r\n";
  }
  out += date_line();
}

Chunk chunk_of(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

const Chunk& line_break() {
  static const Chunk chunk = chunk_of("\r\n");
  return chunk;
}
const Chunk& last_chunk() {
  static const Chunk chunk = chunk_of("0\r\n\r\n");
  return chunk;
}

bool mentions(std::string_view header, std::string_view token) {
  for (const auto part : text::split(header, ','))
    if (text::lower(text::trim(part)) == token) return true;
  return false;
}

}  // namespace nodal::http
