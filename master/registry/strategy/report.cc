// master/registry/strategy/report.cc — checks that several kinds need.
#include "master/registry/strategy/report.h"

#include "api-client/codec/names.h"

namespace nodal::master::fields {

void check_inner_path(std::string_view path, const std::string& field, Report& report) {
  const auto parts = text::split(path, '/');
  if (path.starts_with('/'))
    report.invalid(field, path, "must be a relative path");
  else if (std::ranges::find(parts, "..") != parts.end())
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
