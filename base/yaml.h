// base/yaml.h — YAML ↔ JSON text, as Kubernetes reads and kubectl prints it. Its .cc is the only
// includer of yaml-cpp here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nodal {

/// Limits of a YAML text from outside: an alias cannot blow it up (SECURITY 24).
inline constexpr std::size_t kMaxYamlBytes = 3u << 20;
inline constexpr std::size_t kMaxYamlDepth = 64;
inline constexpr std::size_t kMaxYamlNodes =
    500'000;  ///< aliases counted as often as they are used

/// The documents of a text as JSON texts; empty documents are left out. JSON is YAML too. Plain
/// scalars are null, true and false, numbers, else strings ("yes" and "on" too, as Kubernetes'
/// reader has it); quoted ones are always strings. The merge key
/// "<<" is followed.
/// @errors invalid, with the line; also for what is not UTF-8
Result<std::vector<std::string>> yaml_to_json(std::string_view text);

/// The value in kubectl's style: block form, keys sorted, strings quoted where they would read as
/// something else.
/// @errors invalid when it is no JSON
Result<std::string> json_to_yaml(std::string_view json);

}  // namespace nodal
