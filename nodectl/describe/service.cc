// nodectl/describe/service.cc — a Service.
#include <boost/json/object.hpp>

#include "nodectl/describe/endpoints.h"
#include "nodectl/describe/parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

namespace json = boost::json;

namespace {

std::string joined(const json::array& list) {
  std::string out;
  for (const auto& item : list) out += text::cat(out.empty() ? "" : ",", text_of(item));
  return or_none(out);
}

void optional_line(Page& page, const json::value& service, std::string_view title,
                   std::string_view field) {
  if (const auto text = text_at(service, field); !text.empty() && text != "0")
    page.line(0, title, ":\t", text);
}

void load_balancer(Page& page, const json::value& service) {
  std::string out;
  for (const auto& ingress : list_at(service, "status.loadBalancer.ingress")) {
    const auto ip = text_at(ingress, "ip"), mode = text_at(ingress, "ipMode");
    out += text::cat(out.empty() ? "" : ", ", ip.empty() ? text_at(ingress, "hostname") : ip,
                     mode.empty() ? "" : text::cat(" (", mode, ")"));
  }
  if (!out.empty()) page.line(0, "LoadBalancer Ingress:\t", out);
}

}  // namespace

std::string describe_service(const json::value& service, const Related& related) {
  Page page;
  describe_head(page, service);
  page.line(0, "Selector:\t", or_none(label_text(object_at(service, "spec.selector"))));
  page.line(0, "Type:\t", text_at(service, "spec.type"));
  optional_line(page, service, "IP Family Policy", "spec.ipFamilyPolicy");
  page.line(0, "IP Families:\t", joined(list_at(service, "spec.ipFamilies")));
  page.line(0, "IP:\t", text_at(service, "spec.clusterIP"));
  page.line(0, "IPs:\t", joined(list_at(service, "spec.clusterIPs")));
  if (const auto& external = list_at(service, "spec.externalIPs"); !external.empty())
    page.line(0, "External IPs:\t", joined(external));
  optional_line(page, service, "Desired LoadBalancer IP", "spec.loadBalancerIP");
  load_balancer(page, service);
  optional_line(page, service, "External Name", "spec.externalName");
  const auto name = text_at(service, "metadata.name");
  for (const auto& port : list_at(service, "spec.ports")) {
    auto shown = text_at(port, "name");
    if (shown.empty()) shown = "<unset>";
    const auto protocol = text_at(port, "protocol");
    page.line(0, "Port:\t", shown, "\t", int_at(port, "port"), "/", protocol);
    page.line(0, "TargetPort:\t", text_at(port, "targetPort"), "/", protocol);
    if (const auto node_port = int_at(port, "nodePort"); node_port != 0)
      page.line(0, "NodePort:\t", shown, "\t", node_port, "/", protocol);
    page.line(0, "Endpoints:\t", endpoints_of_port(related.slices, name, text_at(port, "name")));
  }
  page.line(0, "Session Affinity:\t", text_at(service, "spec.sessionAffinity"));
  optional_line(page, service, "External Traffic Policy", "spec.externalTrafficPolicy");
  optional_line(page, service, "Internal Traffic Policy", "spec.internalTrafficPolicy");
  optional_line(page, service, "HealthCheck NodePort", "spec.healthCheckNodePort");
  if (const auto& ranges = list_at(service, "spec.loadBalancerSourceRanges"); !ranges.empty())
    page.line(0, "LoadBalancer Source Ranges:\t", joined(ranges));
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
