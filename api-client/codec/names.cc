// api-client/codec/names.cc — see names.h.
#include "api-client/codec/names.h"

#include <algorithm>

#include "base/text.h"

namespace nodal::names {
namespace {

bool lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool alnum(char c) { return lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

bool is_label(std::string_view text) {
  if (text.empty() || !lower_alnum(text.front()) || !lower_alnum(text.back())) return false;
  for (const char c : text)
    if (!lower_alnum(c) && c != '-') return false;
  return true;
}

// Alphanumeric at both ends; '-', '_' and '.' between.
bool is_word(std::string_view text) {
  if (text.empty() || !alnum(text.front()) || !alnum(text.back())) return false;
  for (const char c : text)
    if (!alnum(c) && c != '-' && c != '_' && c != '.') return false;
  return true;
}

std::string too_long(std::size_t limit) {
  return text::cat("must be no more than ", limit, " characters");
}

}  // namespace

std::string dns_subdomain(std::string_view text) {
  if (text.size() > 253) return too_long(253);
  bool good = !text.empty();
  for (std::string_view rest = text; good;) {
    const auto dot = rest.find('.');
    good = is_label(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (good) return {};
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
         "or '.', and must start and "
         "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

std::string dns_label(std::string_view text) {
  if (text.size() > 63) return too_long(63);
  if (is_label(text)) return {};
  return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
         "and must start and end with "
         "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
}

std::string dns_1035_label(std::string_view text) {
  if (text.size() > 63) return too_long(63);
  if (is_label(text) && text.front() >= 'a') return {};
  return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
         "an alphabetic character, and "
         "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
         "validation is "
         "'[a-z]([-a-z0-9]*[a-z0-9])?')";
}

std::string qualified_name(std::string_view text) {
  const auto slash = text.find('/');
  std::string_view name = text;
  if (slash != std::string_view::npos) {
    const auto prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (prefix.empty()) return "prefix part must be non-empty";
    if (const auto problem = dns_subdomain(prefix); !problem.empty())
      return "prefix part " + problem;
    if (name.find('/') != std::string_view::npos) name = {};
  }
  if (name.size() > 63) return "name part " + too_long(63);
  if (is_word(name)) return {};
  return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and "
         "end with an alphanumeric "
         "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
         "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
}

std::string label_value(std::string_view text) {
  if (text.size() > 63) return too_long(63);
  if (text.empty() || is_word(text)) return {};
  return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
         "'.', and must start and end "
         "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
         "for validation is "
         "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
}

std::string config_key(std::string_view text) {
  if (text.size() > 253) return too_long(253);
  bool good = !text.empty() && text != "." && !text.starts_with("..");
  for (const char c : text) good = good && (alnum(c) || c == '-' || c == '_' || c == '.');
  if (good) return {};
  return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
         "'key.name',  or 'KEY_NAME',  or "
         "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
}

std::string percent(std::string_view text) {
  const bool good = text.size() > 1 && text.ends_with('%') &&
                    std::ranges::all_of(text.substr(0, text.size() - 1),
                                        [](char c) { return c >= '0' && c <= '9'; });
  if (good) return {};
  return "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  "
         "or '93%', regex used for validation is '[0-9]+%')";
}

std::vector<std::string> port_name(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() > 15) out.push_back(too_long(15));
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return lower_alnum(c) || c == '-'; }))
    out.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (std::ranges::none_of(text, [](char c) { return c >= 'a' && c <= 'z'; }))
    out.emplace_back("must contain at least one letter (a-z)");
  if (text.find("--") != std::string_view::npos)
    out.emplace_back("must not contain consecutive hyphens");
  if (text.starts_with('-') || text.ends_with('-'))
    out.emplace_back("must not begin or end with a hyphen");
  return out;
}

}  // namespace nodal::names
