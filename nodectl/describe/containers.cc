// nodectl/describe/containers.cc — the containers of a pod or of a template.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api-client/codec/quantity.h"
#include "nodectl/describe/pod_parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

void ports(Page& page, const json::array& list, std::string_view title, std::string_view number) {
  std::string text;
  for (const auto& port : list)
    text +=
        text::cat(text.empty() ? "" : ", ", int_at(port, number), "/", text_at(port, "protocol"));
  page.line(2, title, list.size() > 1 ? "s:\t" : ":\t", or_none(text));
}

void words(Page& page, const json::value& container, std::string_view title,
           std::string_view field) {
  const auto& list = list_at(container, field);
  if (list.empty()) return;
  page.line(2, title, ":");
  for (const auto& word : list)
    for (const auto part : text::split(std::string_view(word.get_string()), '\n'))
      page.line(3, part);
}

void state(Page& page, std::string_view title, const json::value& state) {
  if (const auto* running = find(state, "running")) {
    page.line(2, title, ":\tRunning");
    page.line(3, "Started:\t", long_time(text_at(*running, "startedAt")));
    return;
  }
  const auto* ended = find(state, "terminated");
  page.line(2, title, ended != nullptr ? ":\tTerminated" : ":\tWaiting");
  if (ended == nullptr) {
    if (const auto reason = text_at(state, "waiting.reason"); !reason.empty())
      page.line(3, "Reason:\t", reason);
    return;
  }
  if (const auto reason = text_at(*ended, "reason"); !reason.empty())
    page.line(3, "Reason:\t", reason);
  if (const auto message = text_at(*ended, "message"); !message.empty())
    page.line(3, "Message:\t", message);
  page.line(3, "Exit Code:\t", int_at(*ended, "exitCode"));
  if (const auto signal = int_at(*ended, "signal"); signal > 0) page.line(3, "Signal:\t", signal);
  page.line(3, "Started:\t", long_time(text_at(*ended, "startedAt")));
  page.line(3, "Finished:\t", long_time(text_at(*ended, "finishedAt")));
}

void quantities(Page& page, std::string_view title, const json::object& amounts) {
  if (amounts.empty()) return;
  page.line(2, title, ":");
  for (const auto& name : keys_of(amounts)) page.line(3, name, ":\t", text_of(amounts.at(name)));
}

void environment_from(Page& page, const json::array& sources) {
  if (sources.empty()) return;
  page.line(2, "Environment Variables from:");
  for (const auto& source : sources) {
    const bool is_map = find(source, "configMapRef") != nullptr;
    const std::string_view ref = is_map ? "configMapRef" : "secretRef";
    const auto prefix = text_at(source, "prefix");
    page.line(3, text_at(source, text::cat(ref, ".name")), "\t", is_map ? "ConfigMap" : "Secret",
              prefix.empty() ? "" : text::cat(" with prefix '", prefix, "'"),
              "\tOptional: ", bool_at(source, text::cat(ref, ".optional")) ? "true" : "false");
  }
}

// What a resourceFieldRef gives inside of the container: whole units of its divisor.
std::string resource_value(const json::value& container, const json::value& ref) {
  const auto resource = text_at(ref, "resource");
  const auto dot = resource.find('.');
  if (dot == std::string::npos) return "";
  const auto& amounts =
      object_at(container, text::cat("resources.", std::string_view(resource).substr(0, dot)));
  const auto* amount = amounts.if_contains(std::string_view(resource).substr(dot + 1));
  const auto value = Quantity::parse(amount != nullptr ? text_of(*amount) : "0");
  auto divisor = Quantity::parse(text_at(ref, "divisor"));
  if (!divisor || divisor->is_zero()) divisor = Quantity::of(1);
  if (!value) return "";
  const bool cpu = resource.ends_with(".cpu");
  const auto whole = cpu ? value->milli_value() : value->value();
  const auto part = std::max<std::int64_t>(cpu ? divisor->milli_value() : divisor->value(), 1);
  const auto units = (whole + part - 1) / part;
  if (units == 0 && (resource == "limits.cpu" || resource == "limits.memory"))
    return "node allocatable";
  return text::cat(units);
}

// Only the metadata's own words are known before the pod runs.
std::string field_value(const json::value* pod, std::string_view path) {
  if (pod == nullptr || !path.starts_with("metadata.")) return "";
  if (path == "metadata.labels" || path == "metadata.annotations") return "";
  return text_at(*pod, path);
}

void environment(Page& page, const json::value& container, const json::value* pod) {
  const auto& variables = list_at(container, "env");
  page.line(2, "Environment:", variables.empty() ? "\t<none>" : "");
  for (const auto& variable : variables) {
    const auto name = text_at(variable, "name");
    const auto* from = find(variable, "valueFrom");
    if (from == nullptr) {
      std::string lead = text::cat(name, ":\t");
      const auto value = text_at(variable, "value");
      if (value.empty()) page.line(3, lead);
      for (const auto part : text::split(value, '\n')) {
        page.line(3, lead, part);
        lead = "\t";
      }
    } else if (const auto* field = find(*from, "fieldRef")) {
      const auto path = text_at(*field, "fieldPath");
      page.line(3, name, ":\t", field_value(pod, path), " (", text_at(*field, "apiVersion"), ":",
                path, ")");
    } else if (const auto* resource = find(*from, "resourceFieldRef")) {
      page.line(3, name, ":\t", resource_value(container, *resource), " (",
                text_at(*resource, "resource"), ")");
    } else if (const auto* secret = find(*from, "secretKeyRef")) {
      page.line(3, name, ":\t<set to the key '", text_at(*secret, "key"), "' in secret '",
                text_at(*secret, "name"),
                "'>\tOptional: ", bool_at(*secret, "optional") ? "true" : "false");
    } else if (const auto* map = find(*from, "configMapKeyRef")) {
      page.line(3, name, ":\t<set to the key '", text_at(*map, "key"), "' of config map '",
                text_at(*map, "name"),
                "'>\tOptional: ", bool_at(*map, "optional") ? "true" : "false");
    }
  }
}

void mounts(Page& page, const json::value& container) {
  const auto& list = list_at(container, "volumeMounts");
  page.line(2, "Mounts:", list.empty() ? "\t<none>" : "");
  std::vector<const json::value*> sorted;
  for (const auto& mount : list) sorted.push_back(&mount);
  std::ranges::stable_sort(sorted, {}, [](const auto* m) { return text_at(*m, "mountPath"); });
  for (const auto* mount : sorted) {
    const auto sub = text_at(*mount, "subPath");
    page.line(3, text_at(*mount, "mountPath"), " from ", text_at(*mount, "name"),
              bool_at(*mount, "readOnly") ? " (ro" : " (rw",
              sub.empty() ? "" : text::cat(",path=\"", sub, "\""), ")");
  }
  const auto& devices = list_at(container, "volumeDevices");
  if (!devices.empty()) page.line(2, "Devices:");
  for (const auto& device : devices)
    page.line(3, text_at(device, "devicePath"), " from ", text_at(device, "name"));
}

const json::value* status_of(const json::array& statuses, std::string_view name) {
  const auto at =
      std::ranges::find_if(statuses, [&](const auto& s) { return text_at(s, "name") == name; });
  return at == statuses.end() ? nullptr : &*at;
}

}  // namespace

std::string probe_text(const json::value& probe) {
  const auto attributes = text::cat(
      "delay=", int_at(probe, "initialDelaySeconds"), "s timeout=", int_at(probe, "timeoutSeconds"),
      "s period=", int_at(probe, "periodSeconds"), "s #success=", int_at(probe, "successThreshold"),
      " #failure=", int_at(probe, "failureThreshold"));
  if (const auto* exec = find(probe, "exec")) {
    std::string command;
    for (const auto& word : list_at(*exec, "command"))
      command += text::cat(command.empty() ? "" : " ", text_of(word));
    return text::cat("exec [", command, "] ", attributes);
  }
  if (const auto* get = find(probe, "httpGet")) {
    const auto path = text_at(*get, "path");
    return text::cat("http-get ", text::lower(text_at(*get, "scheme")), "://",
                     text_at(*get, "host"), ":", text_at(*get, "port"),
                     path.starts_with('/') ? "" : "/", path, " ", attributes);
  }
  if (const auto* tcp = find(probe, "tcpSocket"))
    return text::cat("tcp-socket ", text_at(*tcp, "host"), ":", text_at(*tcp, "port"), " ",
                     attributes);
  if (const auto* grpc = find(probe, "grpc"))
    return text::cat("grpc <pod>:", text_at(*grpc, "port"), " ", text_at(*grpc, "service"), " ",
                     attributes);
  return text::cat("unknown ", attributes);
}

void describe_containers(Page& page, std::string_view title, const json::array& containers,
                         const json::array& statuses, const json::value* pod,
                         std::string_view indent) {
  page.line(0, indent, title, containers.empty() ? ": <none>" : ":");
  for (const auto& container : containers) {
    const auto* status = status_of(statuses, text_at(container, "name"));
    page.line(1, indent.empty() ? "" : " ", text_at(container, "name"), ":");
    if (status != nullptr) page.line(2, "Container ID:\t", text_at(*status, "containerID"));
    page.line(2, "Image:\t", text_at(container, "image"));
    if (status != nullptr) page.line(2, "Image ID:\t", text_at(*status, "imageID"));
    const auto& list = list_at(container, "ports");
    ports(page, list, "Port", "containerPort");
    ports(page, list, "Host Port", "hostPort");
    words(page, container, "Command", "command");
    words(page, container, "Args", "args");
    if (status != nullptr) {
      const auto* now = find(*status, "state");
      state(page, "State", now != nullptr ? *now : json::value());
      if (find(*status, "lastState.terminated") != nullptr)
        state(page, "Last State", *find(*status, "lastState"));
      page.line(2, "Ready:\t", bool_at(*status, "ready") ? "True" : "False");
      page.line(2, "Restart Count:\t", int_at(*status, "restartCount"));
    }
    quantities(page, "Limits", object_at(container, "resources.limits"));
    quantities(page, "Requests", object_at(container, "resources.requests"));
    for (const auto& [name, field] : {std::pair{"Liveness:\t", "livenessProbe"},
                                      {"Readiness:\t", "readinessProbe"},
                                      {"Startup:\t", "startupProbe"}})
      if (const auto* probe = find(container, field)) page.line(2, name, probe_text(*probe));
    environment_from(page, list_at(container, "envFrom"));
    environment(page, container, pod);
    mounts(page, container);
  }
}

}  // namespace nodal::nodectl
