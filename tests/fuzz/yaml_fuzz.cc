// tests/fuzz/yaml_fuzz.cc — any text as YAML: what is accepted is JSON within its limits, and what
// is printed of it reads as the same value.
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto documents = nodal::yaml_to_json(text);
  static_cast<void>(nodal::json_to_yaml(text));  // no JSON, mostly: an error, or at least an end
  if (!documents) return 0;
  boost::json::parse_options options;
  options.max_depth = nodal::kMaxYamlDepth + 1;
  for (const auto& document : *documents) {
    boost::json::error_code error;
    const auto value = boost::json::parse(document, error, {}, options);
    if (error) std::abort();
    const auto printed = nodal::json_to_yaml(document);
    if (!printed) std::abort();
    const auto again = nodal::yaml_to_json(*printed);
    if (!again) std::abort();
    if (value.is_null() && again->empty()) continue;
    if (again->size() != 1) std::abort();
    if (boost::json::parse(again->front(), error, {}, options) != value || error) std::abort();
  }
  return 0;
}
