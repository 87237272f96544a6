// api-client/codec/parse.cc — JSON text to a document, within limits.
#include "api-client/codec/parse.h"

#include <algorithm>
#include <boost/json/parser.hpp>

#include "api-client/codec/codec.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

std::unexpected<Error> fail_at(std::string_view json, std::size_t at, std::string_view why) {
  const std::string_view before = json.substr(0, std::min(at, json.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto last_break = before.rfind('\n');
  const auto column =
      before.size() - (last_break == std::string_view::npos ? 0 : last_break + 1) + 1;
  return fail(Errc::invalid, text::cat("JSON line ", line, ", column ", column, ": ", why));
}

Result<boost::json::value> parse_within(std::size_t depth, std::string_view json,
                                        boost::json::storage_ptr storage) {
  if (json.size() > kMaxJsonBytes)
    return fail(Errc::invalid, text::cat("JSON of ", json.size(), " bytes, more than ",
                                         kMaxJsonBytes, " are not accepted"));
  boost::json::parse_options options;
  options.max_depth = depth;
  unsigned char buffer[4096];
  boost::json::error_code error;
  try {
    boost::json::parser parser({}, options, buffer);
    parser.reset(std::move(storage));
    const std::size_t used = parser.write_some(json.data(), json.size(), error);
    if (error) return fail_at(json, used, error.message());
    const auto rest = json.find_first_not_of(" \t\r\n", used);
    if (rest != std::string_view::npos) return fail_at(json, rest, "text after the document");
    return parser.release();
  } catch (const std::exception& e) {
    return fail_at(json, json.size(), json.empty() ? "empty" : "incomplete");
  }
}

}  // namespace

Result<boost::json::value> parse(std::string_view json) {
  return parse_within(kMaxJsonDepth, json, {});
}

Result<boost::json::value> parse_answer(std::string_view json) {
  return parse_within(kMaxAnswerDepth, json, {});
}

Result<boost::json::value> parse_answer(std::string_view json, boost::json::storage_ptr storage) {
  return parse_within(kMaxAnswerDepth, json, std::move(storage));
}

}  // namespace nodal::codec
