// nodectl/describe/endpoints.cc — Endpoints, EndpointSlices, and what a Service leads to.
#include "nodectl/describe/endpoints.h"

#include <boost/json/object.hpp>

#include "nodectl/describe/parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostShown = 3;

std::string address(const std::string& ip, std::int64_t port) {
  return ip.find(':') == std::string::npos ? text::cat(ip, ":", port)
                                           : text::cat("[", ip, "]:", port);
}

void port_table(Page& page, std::size_t level, const json::array& ports) {
  page.line(level, "Name\tPort\tProtocol");
  page.line(level, "----\t----\t--------");
  for (const auto& port : ports) {
    const auto name = text_at(port, "name"), number = text_at(port, "port");
    page.line(level, name.empty() ? "<unset>" : name, "\t", number.empty() ? "<unset>" : number,
              "\t", text_at(port, "protocol"));
  }
}

std::string ips(const json::array& addresses) {
  std::string out;
  for (const auto& item : addresses) out += text::cat(out.empty() ? "" : ",", text_at(item, "ip"));
  return or_none(out);
}

}  // namespace

std::string endpoints_of_port(const json::array& slices, std::string_view service,
                              std::string_view port) {
  std::string out;
  std::size_t count = 0;
  bool any = false;
  for (const auto& slice : slices) {
    const auto* owner =
        object_at(slice, "metadata.labels").if_contains("kubernetes.io/service-name");
    if (owner == nullptr || text_of(*owner) != service) continue;
    any = true;
    const auto& ports = list_at(slice, "ports");
    if (ports.empty() && port.empty())
      for (const auto& endpoint : list_at(slice, "endpoints"))
        for (const auto& ip : list_at(endpoint, "addresses"))
          if (bool_at(endpoint, "conditions.ready", true) && ++count <= kMostShown)
            out += text::cat(out.empty() ? "" : ",", text_of(ip));
    for (const auto& item : ports) {
      if (text_at(item, "name") != port) continue;
      for (const auto& endpoint : list_at(slice, "endpoints"))
        if (bool_at(endpoint, "conditions.ready", true))
          for (const auto& ip : list_at(endpoint, "addresses"))
            if (++count <= kMostShown)
              out += text::cat(out.empty() ? "" : ",", address(text_of(ip), int_at(item, "port")));
    }
  }
  if (!any) return "<none>";
  if (count > kMostShown) out += text::cat(" + ", count - kMostShown, " more...");
  return out;
}

std::string describe_endpoints(const json::value& object, const Related& related) {
  Page page;
  describe_head(page, object);
  page.line(0, "Subsets:");
  for (const auto& subset : list_at(object, "subsets")) {
    page.line(1, "Addresses:\t", ips(list_at(subset, "addresses")));
    page.line(1, "NotReadyAddresses:\t", ips(list_at(subset, "notReadyAddresses")));
    if (const auto& ports = list_at(subset, "ports"); !ports.empty()) {
      page.line(1, "Ports:");
      port_table(page, 2, ports);
    }
    page.blank();
  }
  describe_events(page, related);
  return page.text();
}

std::string describe_endpoint_slice(const json::value& object, const Related& related) {
  Page page;
  describe_head(page, object);
  page.line(0, "AddressType:\t", text_at(object, "addressType"));
  const auto& ports = list_at(object, "ports");
  page.line(0, "Ports:", ports.empty() ? " <unset>" : "");
  if (!ports.empty()) port_table(page, 1, ports);
  const auto& endpoints = list_at(object, "endpoints");
  page.line(0, "Endpoints:", endpoints.empty() ? " <none>" : "");
  const auto shown = [&](std::string_view title, const std::string& text) {
    page.line(2, title, ":\t", text.empty() ? "<unset>" : text);
  };
  for (const auto& endpoint : endpoints) {
    std::string addresses;
    for (const auto& item : list_at(endpoint, "addresses"))
      addresses += text::cat(addresses.empty() ? "" : ", ", text_of(item));
    page.line(1, "- Addresses:\t", or_none(addresses));
    page.line(2, "Conditions:");
    const auto ready = text_at(endpoint, "conditions.ready");
    page.line(3, "Ready:\t", ready.empty() ? "<unset>" : ready);
    shown("Hostname", text_at(endpoint, "hostname"));
    if (find(endpoint, "targetRef") != nullptr)
      page.line(2, "TargetRef:\t", text_at(endpoint, "targetRef.kind"), "/",
                text_at(endpoint, "targetRef.name"));
    shown("NodeName", text_at(endpoint, "nodeName"));
    shown("Zone", text_at(endpoint, "zone"));
  }
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
