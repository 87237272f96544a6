// api-client/codec/parse.h — codec::parse into storage of the caller's.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "base/result.h"

namespace nodal::codec {

/// As codec::parse_answer; the document lives in `storage` (a monotonic resource for a short life).
Result<boost::json::value> parse_answer(std::string_view json, boost::json::storage_ptr storage);

}  // namespace nodal::codec
