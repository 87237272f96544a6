// master/api/table/pod_row.cc — a pod in one line: ready, status, restarts.
#include "base/text.h"
#include "master/api/table/rows.h"

namespace nodal::master::table {
namespace {

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

}  // namespace

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

}  // namespace nodal::master::table
