// master/api/table.cc — see table.h. Which kind has which columns; the cells are made in table/.
#include "master/api/table.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/text.h"
#include "master/api/table/rows.h"

namespace nodal::master {
namespace {

using namespace table;

struct ColumnSpec {
  std::string_view name, type;
  int priority;
};
struct Printer {
  std::string_view group, kind;
  std::vector<ColumnSpec> columns;
  void (*row)(const Object&, TimePoint, Cells&);
  bool name_last = false;  // events: the name is a wide column at the end
};

const std::vector<Printer>& printers() {
  static constexpr std::string_view s = "string", i = "integer";
  static const std::vector<Printer> all = [] {
    std::vector<ColumnSpec> workload{{"Containers", s, 1}, {"Images", s, 1}, {"Selector", s, 1}};
    const auto with_tail = [&](std::vector<ColumnSpec> head) {
      head.insert(head.end(), workload.begin(), workload.end());
      return head;
    };
    const std::vector<ColumnSpec> event{{"Last Seen", s, 0}, {"Type", s, 0},       {"Reason", s, 0},
                                        {"Object", s, 0},    {"Subobject", s, 1},  {"Source", s, 1},
                                        {"Message", s, 0},   {"First Seen", s, 1}, {"Count", i, 1},
                                        {"Name", s, 1}};
    return std::vector<Printer>{
        {"",
         "Pod",
         {{"Ready", s, 0},
          {"Status", s, 0},
          {"Restarts", s, 0},
          {"Age", s, 0},
          {"IP", s, 1},
          {"Node", s, 1},
          {"Nominated Node", s, 1},
          {"Readiness Gates", s, 1}},
         pod_row},
        {"",
         "Service",
         {{"Type", s, 0},
          {"Cluster-IP", s, 0},
          {"External-IP", s, 0},
          {"Port(s)", s, 0},
          {"Age", s, 0},
          {"Selector", s, 1}},
         service_row},
        {"",
         "Node",
         {{"Status", s, 0},
          {"Roles", s, 0},
          {"Age", s, 0},
          {"Version", s, 0},
          {"Internal-IP", s, 1},
          {"External-IP", s, 1},
          {"OS-Image", s, 1},
          {"Kernel-Version", s, 1},
          {"Container-Runtime", s, 1}},
         node_row},
        {"", "Namespace", {{"Status", s, 0}, {"Age", s, 0}}, namespace_row},
        {"", "ConfigMap", {{"Data", s, 0}, {"Age", s, 0}}, config_map_row},
        {"", "Secret", {{"Type", s, 0}, {"Data", i, 0}, {"Age", s, 0}}, secret_row},
        {"", "ServiceAccount", {{"Secrets", i, 0}, {"Age", s, 0}}, service_account_row},
        {"", "Endpoints", {{"Endpoints", s, 0}, {"Age", s, 0}}, endpoints_row},
        {"", "Event", event, event_row, true},
        {"events.k8s.io", "Event", event, event_row, true},
        {"apps", "Deployment",
         with_tail({{"Ready", s, 0}, {"Up-to-date", i, 0}, {"Available", i, 0}, {"Age", s, 0}}),
         deployment_row},
        {"apps", "ReplicaSet",
         with_tail({{"Desired", i, 0}, {"Current", i, 0}, {"Ready", i, 0}, {"Age", s, 0}}),
         replica_set_row},
        {"discovery.k8s.io",
         "EndpointSlice",
         {{"AddressType", s, 0}, {"Ports", s, 0}, {"Endpoints", s, 0}, {"Age", s, 0}},
         endpoint_slice_row},
        {"networking.k8s.io",
         "Ingress",
         {{"Class", s, 0}, {"Hosts", s, 0}, {"Address", s, 0}, {"Ports", s, 0}, {"Age", s, 0}},
         ingress_row},
        {"networking.k8s.io",
         "IngressClass",
         {{"Controller", s, 0}, {"Parameters", s, 0}, {"Age", s, 0}},
         ingress_class_row},
        {"autoscaling",
         "Scale",
         {{"Desired", i, 0}, {"Available", i, 0}, {"Age", s, 0}},
         scale_row},
        {"coordination.k8s.io", "Lease", {{"Holder", s, 0}, {"Age", s, 0}}, lease_row},
    };
  }();
  return all;
}

const Printer* printer_of(const schema::Resource& resource) {
  const auto& all = printers();
  const auto it = std::ranges::find_if(
      all, [&](const Printer& p) { return p.group == resource.group && p.kind == resource.kind; });
  return it == all.end() ? nullptr : &*it;
}

std::string definitions(const Printer* printer) {
  std::string out = "[";
  const auto column = [&](std::string_view name, std::string_view type, std::string_view format,
                          int priority) {
    out += text::cat(out.size() > 1 ? "," : "", R"({"name":")", name, R"(","type":")", type,
                     R"(","format":")", format, R"(","description":")", name, R"(","priority":)",
                     priority, "}");
  };
  if (!printer || !printer->name_last) column("Name", "string", "name", 0);
  if (printer)
    for (const auto& c : printer->columns)
      column(c.name, c.type, c.name == "Name" ? "name" : "", c.priority);
  else
    column("Created At", "date", "", 0);
  return out + "]";
}

}  // namespace

const std::string& column_definitions(const schema::Resource& resource) {
  static const std::string plain = definitions(nullptr);
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out;
    for (const auto& printer : printers()) out.push_back(definitions(&printer));
    return out;
  }();
  const Printer* printer = printer_of(resource);
  return printer ? all[static_cast<std::size_t>(printer - printers().data())] : plain;
}

void append_row(const schema::Resource& resource, const boost::json::object& object, TimePoint now,
                IncludeObject include, std::string& out) {
  const Printer* printer = printer_of(resource);
  const Object& metadata = object_in(object, "metadata");
  out += R"({"cells":)";
  Cells cells(out);
  if (!printer || !printer->name_last) cells.text(string_in(metadata, "name"));
  if (printer)
    printer->row(object, now, cells);
  else
    cells.text(string_in(metadata, "creationTimestamp"));
  cells.close();
  if (printer && printer->row == pod_row) {
    const auto phase = string_in(object_in(object, "status"), "phase");
    if (phase == "Succeeded" || phase == "Failed")
      out += text::cat(
          R"(,"conditions":[{"type":"Completed","status":"True","reason":")", phase,
          R"(","message":")",
          phase == "Succeeded" ? "The pod has completed successfully." : "The pod failed.", "\"}]");
  }
  switch (include) {
    case IncludeObject::none:
      break;
    case IncludeObject::metadata:
      out += text::cat(
          R"(,"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)",
          boost::json::serialize(metadata), "}");
      break;
    case IncludeObject::object:
      out += text::cat(R"(,"object":)", boost::json::serialize(object));
      break;
  }
  out += '}';
}

}  // namespace nodal::master
