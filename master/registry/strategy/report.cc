// master/registry/strategy/report.cc — checks that several kinds need.
#include "master/registry/strategy/report.h"

#include "api-client/codec/names.h"

namespace nodal::master::fields {

bool climbs(std::string_view path) {
  const auto parts = text::split(path, '/');
  return std::ranges::find(parts, "..") != parts.end();
}

void check_inner_path(std::string_view path, const std::string& field, Report& report) {
  if (path.starts_with('/'))
    report.invalid(field, path, "must be a relative path");
  else if (climbs(path))
    report.invalid(field, path, "must not contain '..'");
}

void check_port(const json::object& object, std::string_view name, const std::string& field,
                Report& report) {
  if (const auto number = int_in(object, name)) {
    if (*number < 1 || *number > 65535)
      report.invalid(field, *number, "must be between 1 and 65535, inclusive");
    return;
  }
  const auto text = string_in(object, name);
  for (const auto& why : names::port_name(text)) report.invalid(field, text, why);
}

}  // namespace nodal::master::fields
