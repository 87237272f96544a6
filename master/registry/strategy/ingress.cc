// master/registry/strategy/ingress.cc — Ingress and IngressClass: hosts, paths and backends that
// can be served.
#include <algorithm>

#include "api-client/codec/names.h"
#include "base/net/address.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::string_view kClassAnnotation = "kubernetes.io/ingress.class";
constexpr std::size_t kLongestController = 250;

std::string wildcard_problem(std::string_view host) {
  if (host.starts_with("*.") && names::dns_subdomain(host.substr(2)).empty()) return {};
  return "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
         "which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
         "alphanumeric character (e.g. '*.example.com', regex used for validation is "
         "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

void check_host(std::string_view host, const std::string& at, Report& report) {
  if (host.empty()) return;
  if (net::IpAddress::parse(host))
    return report.invalid(at, host, "must be a DNS name, not an IP address");
  const auto problem = host.find('*') != std::string_view::npos ? wildcard_problem(host)
                                                                : names::dns_subdomain(host);
  if (!problem.empty()) report.invalid(at, host, problem);
}

void check_service(const json::object& backend, const json::object& service, const std::string& at,
                   Report& report) {
  const auto name = string_in(service, "name");
  // The empty name is the descriptor's to refuse.
  if (const auto problem = names::dns_1035_label(name); !name.empty() && !problem.empty())
    report.invalid(at + ".service.name", name, problem);
  if (backend.contains("resource"))
    return report.invalid(at, "", "cannot set both resource and service backends");
  const auto* port = object_in(service, "port");
  const auto port_name = port ? string_in(*port, "name") : std::string_view();
  const auto number = port ? int_in(*port, "number").value_or(0) : 0;
  if (!port_name.empty() && number != 0)
    report.invalid(at, "", "cannot set both port name & port number");
  else if (!port_name.empty())
    for (const auto& why : names::port_name(port_name))
      report.invalid(at + ".service.port.name", port_name, why);
  else if (number == 0)
    report.required(at, "port name or number is required");
  else if (number < 1 || number > 65535)
    report.invalid(at + ".service.port.number", number, "must be between 1 and 65535, inclusive");
}

void check_backend(const json::object& backend, const std::string& at, Report& report) {
  if (const auto* service = object_in(backend, "service"))
    return check_service(backend, *service, at, report);
  if (!backend.contains("resource"))
    report.invalid(at, "", "resource or service backend is required");
}

void check_path(const json::object& path, const std::string& at, Report& report) {
  const auto type = string_in(path, "pathType");
  const auto text = string_in(path, "path");
  if (!path.contains("pathType")) report.required(at + ".pathType", "pathType must be specified");
  const bool literal = type == "Exact" || type == "Prefix";
  if (!text.starts_with('/') && (literal || !text.empty()))
    report.invalid(at + ".path", text, "must be an absolute path");
  if (literal) {
    for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F"})
      if (text.find(part) != std::string_view::npos)
        report.invalid(at + ".path", text, text::cat("must not contain '", part, "'"));
    for (const std::string_view end : {"/..", "/."})
      if (text.ends_with(end))
        report.invalid(at + ".path", text, text::cat("cannot end with '", end, "'"));
  }
  if (const auto* backend = object_in(path, "backend"))
    check_backend(*backend, at + ".backend", report);
}

void check_rules(const json::array& rules, Report& report) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto* rule = rules[i].if_object();
    if (!rule) continue;
    const auto at = text::cat("spec.rules[", i, "]");
    check_host(string_in(*rule, "host"), at + ".host", report);
    const auto* http = object_in(*rule, "http");
    const auto* paths = http ? list_in(*http, "paths") : nullptr;
    if (!paths) continue;
    for (std::size_t n = 0; n < paths->size(); ++n)
      if (const auto* path = (*paths)[n].if_object())
        check_path(*path, text::cat(at, ".http.paths[", n, "]"), report);
  }
}

void check_tls(const json::array& list, Report& report) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto* tls = list[i].if_object();
    if (!tls) continue;
    const auto at = text::cat("spec.tls[", i, "]");
    if (const auto* hosts = list_in(*tls, "hosts"))
      for (std::size_t n = 0; n < hosts->size(); ++n)
        if (const auto* host = (*hosts)[n].if_string())
          check_host(view(*host), text::cat(at, ".hosts[", n, "]"), report);
    if (const auto secret = string_in(*tls, "secretName"); !secret.empty())
      if (const auto problem = names::dns_subdomain(secret); !problem.empty())
        report.invalid(at + ".secretName", secret, problem);
  }
}

void validate_ingress(const json::object& ingress, FieldErrors& errors) {
  Report report(errors);
  const auto* spec = object_in(ingress, "spec");
  const auto* rules = spec ? list_in(*spec, "rules") : nullptr;
  const auto* fallback = spec ? object_in(*spec, "defaultBackend") : nullptr;
  if (!fallback && (!rules || rules->empty()))
    errors.push_back({"FieldValueInvalid", "spec",
                      text::cat("Invalid value: ", rules ? "[]" : "null",
                                ": either `defaultBackend` or `rules` must be specified")});
  if (!spec) return;
  if (fallback) check_backend(*fallback, "spec.defaultBackend", report);
  if (rules) check_rules(*rules, report);
  if (const auto* tls = list_in(*spec, "tls")) check_tls(*tls, report);
  if (const auto* name = spec->if_contains("ingressClassName"); name && name->is_string())
    if (const auto problem = names::dns_subdomain(view(name->get_string())); !problem.empty())
      report.invalid("spec.ingressClassName", view(name->get_string()), problem);
}

void default_ingress(json::object& ingress) {
  object_of(object_of(ingress, "status"), "loadBalancer");
}

void validate_ingress_status(const json::object& ingress, FieldErrors& errors) {
  const auto* status = object_in(ingress, "status");
  const auto* balancer = status ? object_in(*status, "loadBalancer") : nullptr;
  const auto* points = balancer ? list_in(*balancer, "ingress") : nullptr;
  if (!points) return;
  Report report(errors);
  for (std::size_t i = 0; i < points->size(); ++i) {
    const auto* point = (*points)[i].if_object();
    if (!point) continue;
    const auto at = text::cat("status.loadBalancer.ingress[", i, "]");
    if (const auto ip = string_in(*point, "ip"); !ip.empty() && !net::IpAddress::parse(ip))
      report.invalid(at + ".ip", ip, "must be a valid IP address");
    const auto host = string_in(*point, "hostname");
    if (host.empty()) continue;
    if (const auto problem = names::dns_subdomain(host); !problem.empty())
      report.invalid(at + ".hostname", host, problem);
    if (net::IpAddress::parse(host))
      report.invalid(at + ".hostname", host, "must be a DNS name, not an IP address");
  }
}

void validate_class(const json::object& object, FieldErrors& errors) {
  Report report(errors);
  const auto* spec = object_in(object, "spec");
  const auto controller = spec ? string_in(*spec, "controller") : std::string_view();
  const auto slash = controller.find('/');
  if (controller.empty())
    report.required("spec.controller");
  else if (controller.size() > kLongestController)
    errors.push_back({"FieldValueTooLong", "spec.controller",
                      text::cat("Too long: may not be more than ", kLongestController, " bytes")});
  else if (slash == std::string_view::npos || slash + 1 == controller.size() ||
           !names::dns_subdomain(controller.substr(0, slash)).empty())
    report.invalid("spec.controller", controller,
                   "must be a domain-prefixed path (such as \"acme.io/foo\")");
  const auto* parameters = spec ? object_in(*spec, "parameters") : nullptr;
  if (!parameters) return;
  const bool placed = string_in(*parameters, "scope") == "Namespace";
  const bool has_namespace = !string_in(*parameters, "namespace").empty();
  if (placed && !has_namespace)
    report.required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'");
  if (!placed && has_namespace)
    report.forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'");
}

}  // namespace

std::string_view ingress_class_annotation(const json::object& ingress) {
  const auto* metadata = object_in(ingress, "metadata");
  const auto* annotations = metadata ? object_in(*metadata, "annotations") : nullptr;
  return annotations ? string_in(*annotations, kClassAnnotation) : std::string_view();
}

const Strategy kIngressStrategy{.default_fields = default_ingress,
                                .validate = validate_ingress,
                                .validate_status = validate_ingress_status};
const Strategy kIngressClassStrategy{.validate = validate_class};

}  // namespace nodal::master
