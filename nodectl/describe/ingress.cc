// nodectl/describe/ingress.cc — an Ingress.
#include <boost/json/object.hpp>

#include "nodectl/describe/endpoints.h"
#include "nodectl/describe/parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

// What the port is called in the Service's EndpointSlices.
std::string behind(const json::value& backend, const Related& related) {
  const auto name = text_at(backend, "service.name");
  for (const auto& service : related.services) {
    if (text_at(service, "metadata.name") != name) continue;
    const auto by_name = text_at(backend, "service.port.name");
    const auto by_number = int_at(backend, "service.port.number");
    for (const auto& port : list_at(service, "spec.ports"))
      if (by_name.empty() ? int_at(port, "port") == by_number : text_at(port, "name") == by_name)
        return endpoints_of_port(related.slices, name, text_at(port, "name"));
    return "";
  }
  return text::cat("<error: services \"", name, "\" not found>");
}

std::string backend_text(const json::value& backend, const Related& related) {
  if (const auto* resource = find(backend, "resource"))
    return text::cat("APIGroup: ", text_at(*resource, "apiGroup"),
                     ", Kind: ", text_at(*resource, "kind"),
                     ", Name: ", text_at(*resource, "name"));
  const auto port = text_at(backend, "service.port.name");
  return text::cat(text_at(backend, "service.name"), ":",
                   port.empty() ? text_at(backend, "service.port.number") : port, " (",
                   behind(backend, related), ")");
}

std::string addresses(const json::value& object) {
  std::string out;
  for (const auto& item : list_at(object, "status.loadBalancer.ingress")) {
    const auto ip = text_at(item, "ip");
    out += text::cat(out.empty() ? "" : ",", ip.empty() ? text_at(item, "hostname") : ip);
  }
  return out;
}

}  // namespace

std::string describe_ingress(const json::value& object, const Related& related) {
  Page page;
  page.line(0, "Name:\t", text_at(object, "metadata.name"));
  page.labels("", "Labels", object_at(object, "metadata.labels"));
  page.line(0, "Namespace:\t", text_at(object, "metadata.namespace"));
  page.line(0, "Address:\t", addresses(object));
  page.line(0, "Ingress Class:\t", or_none(text_at(object, "spec.ingressClassName")));
  const auto* all = find(object, "spec.defaultBackend");
  const auto otherwise = all == nullptr ? "<default>" : backend_text(*all, related);
  page.line(0, "Default backend:\t", otherwise);
  if (const auto& tls = list_at(object, "spec.tls"); !tls.empty()) {
    page.line(0, "TLS:");
    for (const auto& item : tls) {
      std::string hosts;
      for (const auto& host : list_at(item, "hosts"))
        hosts += text::cat(hosts.empty() ? "" : ",", text_of(host));
      const auto secret = text_at(item, "secretName");
      page.line(1, secret.empty() ? "SNI routes " : text::cat(secret, " terminates "), hosts);
    }
  }
  page.line(0, "Rules:");
  page.line(1, "Host\tPath\tBackends");
  page.line(1, "----\t----\t--------");
  const auto& rules = list_at(object, "spec.rules");
  for (const auto& rule : rules) {
    if (find(rule, "http") == nullptr) continue;  // kubectl shows none without paths
    const auto host = text_at(rule, "host");
    page.line(1, host.empty() ? "*" : host, "\t");
    for (const auto& path : list_at(rule, "http.paths"))
      page.line(1, "\t", text_at(path, "path"), " \t",
                backend_text(*find(path, "backend"), related));
  }
  if (rules.empty()) page.line(1, "*\t*\t", otherwise);
  page.annotations("", "Annotations", object_at(object, "metadata.annotations"));
  describe_events(page, related);
  return page.text();
}

std::string describe_ingress_class(const json::value& object, const Related& related) {
  Page page;
  page.line(0, "Name:\t", text_at(object, "metadata.name"));
  page.labels("", "Labels", object_at(object, "metadata.labels"));
  page.annotations("", "Annotations", object_at(object, "metadata.annotations"));
  page.line(0, "Controller:\t", text_at(object, "spec.controller"));
  if (const auto* parameters = find(object, "spec.parameters")) {
    page.line(0, "Parameters:");
    if (const auto group = text_at(*parameters, "apiGroup"); !group.empty())
      page.line(1, "APIGroup:\t", group);
    page.line(1, "Kind:\t", text_at(*parameters, "kind"));
    page.line(1, "Name:\t", text_at(*parameters, "name"));
  }
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
