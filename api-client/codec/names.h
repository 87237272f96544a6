// api-client/codec/names.h — the grammars of names, and what is said of a text that breaks one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nodal::names {

// Each answers "" for a good text, else the sentence that Kubernetes' API says.
// @source RFC 1123 and 1035 as the API conventions apply them; REQUIREMENTS of the API, section 14
std::string dns_subdomain(std::string_view text);   ///< most objects' names, at most 253 bytes
std::string dns_label(std::string_view text);       ///< RFC 1123 label, at most 63
std::string dns_1035_label(std::string_view text);  ///< services
std::string qualified_name(
    std::string_view text);  ///< keys of labels and annotations: [prefix/]name
std::string label_value(std::string_view text);
std::string config_key(std::string_view text);  ///< keys of ConfigMaps and Secrets
std::string percent(std::string_view text);     ///< "25%"

/// The same of the name of a port, which may break several rules at once; empty for a good one.
/// @source RFC 6335 §5.1
std::vector<std::string> port_name(std::string_view text);

}  // namespace nodal::names
