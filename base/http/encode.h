// base/http/encode.h — what a server writes: status lines, headers, chunks. Pure but for the date.
#pragma once

#include <string>
#include <string_view>

#include "base/http/message.h"

namespace nodal::http {

/// A line of text that says the status.
Response plain_refusal(int status);

/// "HTTP/1.1 200 OK" and the headers, with a Date; without the empty line that ends them.
void append_status_and_headers(std::string& out, int status, const Headers& headers);

Chunk chunk_of(std::string bytes);
/// What ends a chunk, and what ends a chunked body.
const Chunk& line_break();
const Chunk& last_chunk();

/// The comma-separated header has the token, in whatever case.
bool mentions(std::string_view header, std::string_view token);

}  // namespace nodal::http
