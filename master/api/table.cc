// master/api/table.cc — see table.h. One function per kind writes the cells.
#include "master/api/table.h"
#include "api-client/codec/codec.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "api-client/codec/time.h"
#include "base/text.h"
#include "master/registry/api_error.h"

namespace nodal::master {
namespace json = boost::json;
namespace {

using Object = json::object;

std::string_view view(json::string_view s) { return {s.data(), s.size()}; }

const Object& none() {
  static const Object empty;
  return empty;
}
const Object& object_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* inner = value ? value->if_object() : nullptr;
  return inner ? *inner : none();
}
const json::array& list_in(const Object& object, std::string_view key) {
  static const json::array empty;
  const auto* value = object.if_contains(key);
  const auto* inner = value ? value->if_array() : nullptr;
  return inner ? *inner : empty;
}
std::string string_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}
std::int64_t int_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value) return 0;
  return value->is_int64()    ? value->get_int64()
         : value->is_uint64() ? static_cast<std::int64_t>(value->get_uint64())
                              : 0;
}
bool bool_in(const Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}
std::string or_none(std::string text) { return text.empty() ? "<none>" : text; }

std::string age_of(std::string_view time, TimePoint now, std::string_view absent = "<unknown>") {
  const auto at = parse_time(time);
  if (!at) return std::string(absent);
  return human_duration(std::chrono::floor<std::chrono::seconds>(now - *at));
}
std::string age(const Object& object, TimePoint now) {
  return age_of(string_in(object_in(object, "metadata"), "creationTimestamp"), now);
}

// Cells as JSON text, in order.
class Cells {
 public:
  explicit Cells(std::string& out) : out_(out) { out_ += '['; }
  void text(std::string_view value) {
    comma();
    codec::append_string(out_, value);
  }
  void number(std::int64_t value) {
    comma();
    out_ += std::to_string(value);
  }
  void close() { out_ += ']'; }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string& out_;
  bool first_ = true;
};

std::string selector_text(const Object& selector) {
  std::multimap<std::string, std::string> terms;  // by key
  for (const auto& [key, value] : object_in(selector, "matchLabels"))
    terms.emplace(view(key),
                  text::cat(view(key), "=", value.is_string() ? view(value.get_string()) : ""));
  for (const auto& item : list_in(selector, "matchExpressions")) {
    if (!item.is_object()) continue;
    const auto& expression = item.get_object();
    const auto key = string_in(expression, "key"), op = string_in(expression, "operator");
    std::vector<std::string> values;
    for (const auto& value : list_in(expression, "values"))
      if (value.is_string()) values.emplace_back(view(value.get_string()));
    std::ranges::sort(values);
    if (op == "Exists")
      terms.emplace(key, key);
    else if (op == "DoesNotExist")
      terms.emplace(key, "!" + key);
    else
      terms.emplace(
          key, text::cat(key, op == "NotIn" ? " notin (" : " in (", text::join(values, ","), ")"));
  }
  std::string out;
  for (const auto& [key, term] : terms) out += text::cat(out.empty() ? "" : ",", term);
  return or_none(std::move(out));
}

std::string labels_text(const Object& labels) {
  std::map<std::string, std::string> sorted;
  for (const auto& [key, value] : labels)
    sorted[std::string(view(key))] = value.is_string() ? std::string(view(value.get_string())) : "";
  std::string out;
  for (const auto& [key, value] : sorted) out += text::cat(out.empty() ? "" : ",", key, "=", value);
  return or_none(std::move(out));
}

const Object* condition(const Object& status, std::string_view type) {
  for (const auto& item : list_in(status, "conditions"))
    if (item.is_object() && string_in(item.get_object(), "type") == type) return &item.get_object();
  return nullptr;
}

// ---------------------------------------------------------------- Pod

struct PodCells {
  std::int64_t ready = 0, total = 0, restarts = 0;
  std::string status, last_restart;
};

bool is_restartable(const Object& spec, std::string_view name) {
  for (const auto& item : list_in(spec, "initContainers"))
    if (item.is_object() && string_in(item.get_object(), "name") == name)
      return string_in(item.get_object(), "restartPolicy") == "Always";
  return false;
}

std::string last_end(const Object& container) {
  return string_in(object_in(object_in(container, "lastState"), "terminated"), "finishedAt");
}

std::string ended_as(const Object& terminated) {
  if (const auto reason = string_in(terminated, "reason"); !reason.empty()) return reason;
  if (const auto signal = int_in(terminated, "signal"); signal != 0)
    return text::cat("Signal:", signal);
  return text::cat("ExitCode:", int_in(terminated, "exitCode"));
}

// How a pod ended is told of one that only a finalizer holds: while its agent still takes it down,
// it is Terminating.
// @source REQUIREMENTS of the API, section 9, "Pod Status"
PodCells pod_cells(const Object& pod) {
  PodCells out;
  const Object& spec = object_in(pod, "spec");
  const Object& status = object_in(pod, "status");
  const auto phase = string_in(status, "phase");
  out.status = string_in(status, "reason");
  if (out.status.empty()) out.status = phase;
  if (const auto* scheduled = condition(status, "PodScheduled");
      scheduled && string_in(*scheduled, "reason") == "SchedulingGated")
    out.status = "SchedulingGated";
  out.total = static_cast<std::int64_t>(list_in(spec, "containers").size());
  for (const auto& item : list_in(spec, "initContainers"))
    if (item.is_object() && string_in(item.get_object(), "restartPolicy") == "Always") ++out.total;

  bool initializing = false;
  std::int64_t restarts_of_sidecars = 0;
  std::string last_of_sidecars;
  const auto& inits = list_in(status, "initContainerStatuses");
  const std::size_t init_count = list_in(spec, "initContainers").size();
  for (std::size_t i = 0; i < inits.size(); ++i) {
    if (!inits[i].is_object()) continue;
    const auto& container = inits[i].get_object();
    const auto& state = object_in(container, "state");
    out.restarts += int_in(container, "restartCount");
    out.last_restart = std::max(out.last_restart, last_end(container));
    const bool sidecar = is_restartable(spec, string_in(container, "name"));
    if (sidecar) {
      restarts_of_sidecars += int_in(container, "restartCount");
      last_of_sidecars = std::max(last_of_sidecars, last_end(container));
    }
    if (state.contains("terminated") && int_in(object_in(state, "terminated"), "exitCode") == 0)
      continue;
    if (sidecar && bool_in(container, "started")) {
      if (bool_in(container, "ready")) ++out.ready;
      continue;
    }
    const auto waiting = string_in(object_in(state, "waiting"), "reason");
    if (state.contains("terminated"))
      out.status = text::cat("Init:", ended_as(object_in(state, "terminated")));
    else if (!waiting.empty() && waiting != "PodInitializing")
      out.status = text::cat("Init:", waiting);
    else
      out.status = text::cat("Init:", i, "/", init_count);
    initializing = true;
    break;
  }

  const auto* initialized = condition(status, "Initialized");
  if (!initializing || (initialized && string_in(*initialized, "status") == "True")) {
    out.restarts = restarts_of_sidecars;
    out.last_restart = last_of_sidecars;
    bool running = false;
    const auto& containers = list_in(status, "containerStatuses");
    for (std::size_t i = containers.size(); i-- > 0;) {
      if (!containers[i].is_object()) continue;
      const auto& container = containers[i].get_object();
      const auto& state = object_in(container, "state");
      out.restarts += int_in(container, "restartCount");
      out.last_restart = std::max(out.last_restart, last_end(container));
      if (const auto reason = string_in(object_in(state, "waiting"), "reason"); !reason.empty()) {
        out.status = reason;
      } else if (state.contains("terminated")) {
        out.status = ended_as(object_in(state, "terminated"));
      } else if (bool_in(container, "ready") && state.contains("running")) {
        running = true;
        ++out.ready;
      }
    }
    if (out.status == "Completed" && running) {
      const auto* ready = condition(status, "Ready");
      out.status = ready && string_in(*ready, "status") == "True" ? "Running" : "NotReady";
    }
  }
  const Object& metadata = object_in(pod, "metadata");
  if (!string_in(metadata, "deletionTimestamp").empty()) {
    const bool ended = phase == "Succeeded" || phase == "Failed";
    if (string_in(status, "reason") == "NodeLost")
      out.status = "Unknown";
    else if (!ended || list_in(metadata, "finalizers").empty())
      out.status = "Terminating";
  }
  return out;
}

void pod_row(const Object& pod, TimePoint now, Cells& cells) {
  const PodCells p = pod_cells(pod);
  const Object& spec = object_in(pod, "spec");
  const Object& status = object_in(pod, "status");
  cells.text(text::cat(p.ready, "/", p.total));
  cells.text(p.status);
  cells.text(p.restarts > 0 && !p.last_restart.empty()
                 ? text::cat(p.restarts, " (", age_of(p.last_restart, now), " ago)")
                 : std::to_string(p.restarts));
  cells.text(age(pod, now));
  const auto& ips = list_in(status, "podIPs");
  cells.text(or_none(!ips.empty() && ips[0].is_object() ? string_in(ips[0].get_object(), "ip")
                                                        : std::string()));
  cells.text(or_none(string_in(spec, "nodeName")));
  cells.text(or_none(string_in(status, "nominatedNodeName")));
  const auto& gates = list_in(spec, "readinessGates");
  if (gates.empty()) return cells.text("<none>");
  std::int64_t good = 0;
  for (const auto& gate : gates)
    if (gate.is_object())
      if (const auto* c = condition(status, string_in(gate.get_object(), "conditionType"));
          c && string_in(*c, "status") == "True")
        ++good;
  cells.text(text::cat(good, "/", gates.size()));
}

// ---------------------------------------------------------------- the others

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

void workload_tail(const Object& object, Cells& cells) {
  const Object& spec = object_in(object, "spec");
  std::vector<std::string> names, images;
  for (const auto& item : list_in(object_in(object_in(spec, "template"), "spec"), "containers"))
    if (item.is_object()) {
      names.push_back(string_in(item.get_object(), "name"));
      images.push_back(string_in(item.get_object(), "image"));
    }
  cells.text(text::join(names, ","));
  cells.text(text::join(images, ","));
  cells.text(selector_text(object_in(spec, "selector")));
}

void deployment_row(const Object& object, TimePoint now, Cells& cells) {
  const Object& status = object_in(object, "status");
  cells.text(text::cat(int_in(status, "readyReplicas"), "/",
                       int_in(object_in(object, "spec"), "replicas")));
  cells.number(int_in(status, "updatedReplicas"));
  cells.number(int_in(status, "availableReplicas"));
  cells.text(age(object, now));
  workload_tail(object, cells);
}

void replica_set_row(const Object& object, TimePoint now, Cells& cells) {
  const Object& status = object_in(object, "status");
  cells.number(int_in(object_in(object, "spec"), "replicas"));
  cells.number(int_in(status, "replicas"));
  cells.number(int_in(status, "readyReplicas"));
  cells.text(age(object, now));
  workload_tail(object, cells);
}

void scale_row(const Object& scale, TimePoint now, Cells& cells) {
  cells.number(int_in(object_in(scale, "spec"), "replicas"));
  cells.number(int_in(object_in(scale, "status"), "replicas"));
  cells.text(age(scale, now));
}

void node_row(const Object& node, TimePoint now, Cells& cells) {
  const Object& status = object_in(node, "status");
  const auto* ready = condition(status, "Ready");
  std::string text = !ready                                  ? "Unknown"
                     : string_in(*ready, "status") == "True" ? "Ready"
                                                             : "NotReady";
  if (bool_in(object_in(node, "spec"), "unschedulable")) text += ",SchedulingDisabled";
  cells.text(text);
  std::set<std::string> roles;
  for (const auto& [key, value] : object_in(object_in(node, "metadata"), "labels")) {
    const auto k = view(key);
    if (k.starts_with("node-role.kubernetes.io/") && k.size() > 24)
      roles.emplace(k.substr(24));
    else if (k == "kubernetes.io/role" && value.is_string() && !value.get_string().empty())
      roles.emplace(view(value.get_string()));
  }
  cells.text(or_none(text::join({roles.begin(), roles.end()}, ",")));
  cells.text(age(node, now));
  const Object& about = object_in(status, "nodeInfo");
  cells.text(string_in(about, "kubeletVersion"));
  for (const std::string_view type : {"InternalIP", "ExternalIP"}) {
    std::string found;
    for (const auto& item : list_in(status, "addresses"))
      if (found.empty() && item.is_object() && string_in(item.get_object(), "type") == type)
        found = string_in(item.get_object(), "address");
    cells.text(or_none(found));
  }
  for (const std::string_view key : {"osImage", "kernelVersion", "containerRuntimeVersion"}) {
    const auto value = string_in(about, key);
    cells.text(value.empty() ? "<unknown>" : value);
  }
}

void namespace_row(const Object& object, TimePoint now, Cells& cells) {
  cells.text(string_in(object_in(object, "status"), "phase"));
  cells.text(age(object, now));
}

void config_map_row(const Object& object, TimePoint now, Cells& cells) {
  cells.number(static_cast<std::int64_t>(object_in(object, "data").size() +
                                         object_in(object, "binaryData").size()));
  cells.text(age(object, now));
}

void secret_row(const Object& object, TimePoint now, Cells& cells) {
  cells.text(string_in(object, "type"));
  cells.number(static_cast<std::int64_t>(object_in(object, "data").size()));
  cells.text(age(object, now));
}

void service_account_row(const Object& object, TimePoint now, Cells& cells) {
  cells.number(static_cast<std::int64_t>(list_in(object, "secrets").size()));
  cells.text(age(object, now));
}

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

void lease_row(const Object& object, TimePoint now, Cells& cells) {
  cells.text(string_in(object_in(object, "spec"), "holderIdentity"));
  cells.text(age(object, now));
}

std::string event_object(const Object& about) {
  const auto name = string_in(about, "name");
  return text::cat(text::lower(string_in(about, "kind")), name.empty() ? "" : "/", name);
}

// Both groups' events: the fields differ in name alone.
void event_row(const Object& event, TimePoint now, Cells& cells) {
  const Object& about = event.contains("involvedObject") ? object_in(event, "involvedObject")
                                                         : object_in(event, "regarding");
  const Object& source =
      event.contains("source") ? object_in(event, "source") : object_in(event, "deprecatedSource");
  const Object& series = object_in(event, "series");
  const auto first_of = [&](std::initializer_list<std::string_view> keys) {
    for (const auto key : keys)
      if (auto text = string_in(event, key); !text.empty()) return text;
    return std::string();
  };
  const auto first = first_of({"firstTimestamp", "deprecatedFirstTimestamp", "eventTime"});
  auto last = string_in(series, "lastObservedTime");
  if (last.empty())
    last = first_of({"lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"});
  auto count = int_in(series, "count");
  if (count == 0)
    count = std::max<std::int64_t>({1, int_in(event, "count"), int_in(event, "deprecatedCount")});
  cells.text(age_of(last, now));
  cells.text(string_in(event, "type"));
  cells.text(string_in(event, "reason"));
  cells.text(event_object(about));
  cells.text(string_in(about, "fieldPath"));
  auto component = string_in(source, "component");
  if (component.empty()) component = first_of({"reportingComponent", "reportingController"});
  auto host = string_in(source, "host");
  if (host.empty()) host = string_in(event, "reportingInstance");
  cells.text(host.empty() ? component : text::cat(component, ", ", host));
  const auto message = first_of({"message", "note"});
  cells.text(text::trim(message));
  cells.text(age_of(first, now));
  cells.number(count);
  cells.text(string_in(object_in(event, "metadata"), "name"));
}

// ---------------------------------------------------------------- which kind prints what

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

void append_row(const schema::Resource& resource, const json::object& object, TimePoint now,
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
          json::serialize(metadata), "}");
      break;
    case IncludeObject::object:
      out += text::cat(R"(,"object":)", json::serialize(object));
      break;
  }
  out += '}';
}

}  // namespace nodal::master
