// master/api/table/network_rows.cc — Services, their endpoints, Ingresses.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "master/api/table/rows.h"

namespace nodal::master::table {
namespace {

// The first three, then how many more.
std::string first_three(const std::vector<std::string>& all, std::string_view absent) {
  if (all.empty()) return std::string(absent);
  std::string out =
      text::join({all.begin(),
                  all.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(3, all.size()))},
                 ",");
  if (all.size() > 3) out += text::cat(" + ", all.size() - 3, " more...");
  return out;
}

}  // namespace

void service_row(const Object& service, TimePoint now, Cells& cells) {
  const Object& spec = object_in(service, "spec");
  const auto type = string_in(spec, "type");
  cells.text(type);
  const auto& ips = list_in(spec, "clusterIPs");
  cells.text(or_none(!ips.empty() && ips[0].is_string() ? std::string(view(ips[0].get_string()))
                                                        : std::string()));
  std::vector<std::string> external;
  if (type == "LoadBalancer") {
    std::set<std::string> sorted;
    for (const auto& item :
         list_in(object_in(object_in(service, "status"), "loadBalancer"), "ingress"))
      if (item.is_object()) {
        const auto ip = string_in(item.get_object(), "ip");
        sorted.insert(ip.empty() ? string_in(item.get_object(), "hostname") : ip);
      }
    external.assign(sorted.begin(), sorted.end());
  }
  for (const auto& ip : list_in(spec, "externalIPs"))
    if (ip.is_string()) external.emplace_back(view(ip.get_string()));
  if (type == "ExternalName")
    cells.text(string_in(spec, "externalName"));
  else if (external.empty())
    cells.text(type == "LoadBalancer" ? "<pending>" : "<none>");
  else
    cells.text(text::join(external, ","));
  std::vector<std::string> ports;
  for (const auto& item : list_in(spec, "ports")) {
    if (!item.is_object()) continue;
    const auto& port = item.get_object();
    const auto node = int_in(port, "nodePort");
    ports.push_back(
        node > 0 ? text::cat(int_in(port, "port"), ":", node, "/", string_in(port, "protocol"))
                 : text::cat(int_in(port, "port"), "/", string_in(port, "protocol")));
  }
  cells.text(or_none(text::join(ports, ",")));
  cells.text(age(service, now));
  cells.text(labels_text(object_in(spec, "selector")));
}

void endpoints_row(const Object& object, TimePoint now, Cells& cells) {
  std::vector<std::string> all;
  for (const auto& item : list_in(object, "subsets")) {
    if (!item.is_object()) continue;
    std::vector<std::string> ips;
    for (const auto& address : list_in(item.get_object(), "addresses"))
      if (address.is_object()) ips.push_back(string_in(address.get_object(), "ip"));
    const auto& ports = list_in(item.get_object(), "ports");
    if (ports.empty()) all.insert(all.end(), ips.begin(), ips.end());
    for (const auto& port : ports)
      for (const auto& ip : ips)
        if (port.is_object()) {
          const bool v6 = ip.find(':') != std::string::npos;
          all.push_back(
              text::cat(v6 ? "[" : "", ip, v6 ? "]:" : ":", int_in(port.get_object(), "port")));
        }
  }
  cells.text(first_three(all, "<none>"));
  cells.text(age(object, now));
}

void endpoint_slice_row(const Object& object, TimePoint now, Cells& cells) {
  cells.text(string_in(object, "addressType"));
  std::vector<std::string> ports, addresses;
  for (const auto& port : list_in(object, "ports"))
    if (port.is_object()) {
      const auto& one = port.get_object();
      ports.push_back(one.contains("port")   ? std::to_string(int_in(one, "port"))
                      : one.contains("name") ? string_in(one, "name")
                                             : "*");
    }
  for (const auto& endpoint : list_in(object, "endpoints"))
    if (endpoint.is_object())
      for (const auto& address : list_in(endpoint.get_object(), "addresses"))
        if (address.is_string()) addresses.emplace_back(view(address.get_string()));
  cells.text(first_three(ports, "<unset>"));
  cells.text(first_three(addresses, "<unset>"));
  cells.text(age(object, now));
}

// Reads what is alike in every version of the kind.
void ingress_row(const Object& object, TimePoint now, Cells& cells) {
  const Object& spec = object_in(object, "spec");
  cells.text(or_none(string_in(spec, "ingressClassName")));
  std::vector<std::string> hosts, points;
  for (const auto& rule : list_in(spec, "rules"))
    if (rule.is_object())
      if (auto host = string_in(rule.get_object(), "host"); !host.empty())
        hosts.push_back(std::move(host));
  cells.text(first_three(hosts, "*"));
  const Object& balancer = object_in(object_in(object, "status"), "loadBalancer");
  for (const auto& item : list_in(balancer, "ingress"))
    if (item.is_object()) {
      const auto ip = string_in(item.get_object(), "ip");
      points.push_back(ip.empty() ? string_in(item.get_object(), "hostname") : ip);
    }
  cells.text(text::join(points, ","));
  cells.text(list_in(spec, "tls").empty() ? "80" : "80, 443");
  cells.text(age(object, now));
}

void ingress_class_row(const Object& object, TimePoint now, Cells& cells) {
  const Object& spec = object_in(object, "spec");
  const Object& parameters = object_in(spec, "parameters");
  cells.text(string_in(spec, "controller"));
  const auto kind = string_in(parameters, "kind");
  const auto group = string_in(parameters, "apiGroup");
  cells.text(kind.empty() ? "<none>"
                          : text::cat(kind, group.empty() ? "" : ".", group, "/",
                                      string_in(parameters, "name")));
  cells.text(age(object, now));
}

}  // namespace nodal::master::table
