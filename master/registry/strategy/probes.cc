// master/registry/strategy/probes.cc — probes and hooks of a container.
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::string_view kProbes[] = {"livenessProbe", "readinessProbe", "startupProbe"};

bool is_header_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void check_request(const json::object& get, const std::string& at, Report& report) {
  each(get, "httpHeaders", at, [&](const json::object& header, const std::string&) {
    const auto name = string_in(header, "name");
    if (!is_header_name(name))
      report.invalid(at + ".httpHeaders", name,
                     "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. "
                     "'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')");
  });
}

void check_handler(const json::object& handler, const std::string& field, Report& report) {
  int handlers = 0;
  for (const std::string_view kind : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
    const auto* one = object_in(handler, kind);
    if (!one) continue;
    const auto at = text::cat(field, ".", kind);
    if (++handlers > 1) report.forbidden(at, "may not specify more than 1 handler type");
    if (kind == "httpGet" || kind == "tcpSocket" || kind == "grpc") {
      if (one->contains("port"))
        check_port(*one, "port", at + ".port", report);
      else
        report.required(at + ".port");
    }
    if (kind == "httpGet") check_request(*one, at, report);
    if (kind == "exec") {
      const auto* command = list_in(*one, "command");
      if (!command || command->empty()) report.required(at + ".command");
    }
  }
  if (handlers == 0) report.required(field, "must specify a handler type");
}

}  // namespace

void validate_probes(const json::object& container, const std::string& at, Report& report) {
  for (const auto kind : kProbes) {
    const auto* probe = object_in(container, kind);
    if (!probe) continue;
    const auto field = text::cat(at, ".", kind);
    const bool readiness = kind == "readinessProbe";
    check_handler(*probe, field, report);
    if (const auto wanted = int_in(*probe, "successThreshold");
        !readiness && wanted.value_or(1) != 1)
      report.invalid(field + ".successThreshold", *wanted, "must be 1");
    if (const auto grace = int_in(*probe, "terminationGracePeriodSeconds")) {
      const auto of_grace = field + ".terminationGracePeriodSeconds";
      if (readiness)
        report.invalid(of_grace, *grace, "must not be set for readinessProbes");
      else if (*grace < 1)
        report.invalid(of_grace, *grace, "must be greater than 0");
    }
  }
  if (const auto* lifecycle = object_in(container, "lifecycle"))
    for (const std::string_view kind : {"postStart", "preStop"})
      if (const auto* hook = object_in(*lifecycle, kind))
        check_handler(*hook, text::cat(at, ".lifecycle.", kind), report);
}

void refuse_probes(const json::object& container, const std::string& at, Report& report) {
  const auto refuse = [&](std::string_view member) {
    if (container.contains(member))
      report.forbidden(text::cat(at, ".", member),
                       "may not be set for init containers without restartPolicy=Always");
  };
  refuse("lifecycle");
  for (const auto kind : kProbes) refuse(kind);
}

}  // namespace nodal::master
