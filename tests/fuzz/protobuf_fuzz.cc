// tests/fuzz/protobuf_fuzz.cc — any bytes as a protobuf body: an object or an error, never more.
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "api-client/codec/protobuf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto check = [](const nodal::Result<boost::json::object>& result) {
    // What was decoded is JSON, and reads back as JSON.
    if (!result) return;
    boost::json::error_code error;
    boost::json::parse(boost::json::serialize(*result), error);
    if (error) std::abort();
  };
  check(nodal::codec::decode_protobuf(bytes));
  // Most mutations break the envelope; the object in it deserves its own attempts.
  for (const auto* name :
       {"io.k8s.api.core.v1.Pod", "io.k8s.api.apps.v1.Deployment", "io.k8s.api.core.v1.Service"})
    if (const auto* type = nodal::schema::find_type(name))
      check(nodal::codec::decode_message(bytes, *type));
  return 0;
}
