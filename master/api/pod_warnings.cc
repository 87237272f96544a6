// master/api/pod_warnings.cc — see pod_warnings.h.
#include "master/api/pod_warnings.h"

#include <map>

#include "base/text.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

struct Port {
  std::string field;
  std::string_view host_ip;
  std::int64_t host_port = 0;
};

void warn_of_variables(const json::object& container, const std::string& at,
                       std::vector<std::string>& out) {
  Names known;
  each(container, "env", at, [&](const json::object& variable, const std::string& field) {
    const auto name = string_in(variable, "name");
    if (known.emplace(name).second) return;
    // One that is made of the earlier one, and more, is meant.
    const auto value = string_in(variable, "value");
    const auto reference = text::cat("$(", name, ")");
    if (variable.contains("valueFrom") || value == reference || !value.contains(reference))
      out.push_back(text::cat(field, ": hides previous definition of ", quoted(name),
                              ", which may be dropped when using apply"));
  });
}

void warn_of_ports(const json::object& container, const std::string& at,
                   std::map<std::string, std::vector<Port>>& known, std::vector<std::string>& out) {
  each(container, "ports", at, [&](const json::object& port, const std::string& field) {
    auto& others = known[text::cat(int_in(port, "containerPort").value_or(0), "/",
                                   string_in(port, "protocol"))];
    const Port mine{field, string_in(port, "hostIP"), int_in(port, "hostPort").value_or(0)};
    for (const Port& other : others) {
      if (mine.host_ip == other.host_ip && mine.host_port == other.host_port)
        out.push_back(text::cat(field, ": duplicate port definition with ", other.field));
      else if (mine.host_port == 0 || other.host_port == 0)
        out.push_back(text::cat(field, ": overlapping port definition with ", other.field));
    }
    others.push_back(mine);
  });
}

}  // namespace

std::vector<std::string> pod_warnings(const json::object& spec, const std::string& path) {
  std::vector<std::string> out;
  std::map<std::string, std::vector<Port>> ports;
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"})
    each(spec, list, path, [&](const json::object& container, const std::string& at) {
      warn_of_variables(container, at, out);
      warn_of_ports(container, at, ports, out);
    });
  return out;
}

}  // namespace nodal::master
