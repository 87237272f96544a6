// tests/fuzz/json_fuzz.cc — any text: the parser and the reader of structs stay within bounds, and
// what they accept is written and read back to the same.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "api-client/codec/codec.h"
#include "gen/core_v1.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto document = nodal::codec::parse(json);
  const auto pod = nodal::codec::decode<nodal::core_v1::Pod>(json);
  if (!document && pod) std::abort();
  if (document) {
    const auto again = nodal::codec::parse(nodal::codec::to_text(*document));
    if (!again) std::abort();
  }
  if (pod) {
    const auto again = nodal::codec::decode<nodal::core_v1::Pod>(nodal::codec::encode(*pod));
    if (!again || *again != *pod) std::abort();
  }
  return 0;
}
