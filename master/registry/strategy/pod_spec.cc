// master/registry/strategy/pod_spec.cc — what a pod and a pod template must be beyond their schema.
#include <algorithm>
#include <set>

#include "api-client/codec/names.h"
#include "api-client/codec/quantity.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;
using Names = std::set<std::string, std::less<>>;

constexpr std::string_view kContainerLists[] = {"initContainers", "containers",
                                                "ephemeralContainers"};

bool climbs(std::string_view path) {
  const auto parts = text::split(path, '/');
  return std::ranges::find(parts, "..") != parts.end();
}

void check_items(const json::object& source, const std::string& at, Report& report) {
  each(source, "items", at, [&](const json::object& item, const std::string& field) {
    const auto path = string_in(item, "path");
    if (path.empty()) return report.required(field + ".path");
    check_inner_path(path, field + ".path", report);
    if (path.starts_with("..")) report.invalid(field + ".path", path, "must not start with '..'");
  });
}

void check_volume(const json::object& volume, const std::string& at, Names& names, Report& report) {
  const auto name = string_in(volume, "name");
  if (name.empty()) report.required(at + ".name");
  if (!name.empty() && !names.emplace(name).second) report.duplicate(at + ".name", name);
  std::size_t sources = 0;
  for (const auto& [key, value] : volume)
    if (view(key) != "name" && !value.is_null()) ++sources;
  if (sources > 1) report.forbidden(at, "may not specify more than 1 volume type");
  for (const std::string_view kind : {"configMap", "secret", "downwardAPI"})
    if (const auto* source = object_in(volume, kind))
      check_items(*source, text::cat(at, ".", kind), report);
  if (const auto* projected = object_in(volume, "projected"))
    each(*projected, "sources", at + ".projected",
         [&](const json::object& source, const std::string& field) {
           for (const std::string_view kind : {"configMap", "secret", "downwardAPI"})
             if (const auto* part = object_in(source, kind))
               check_items(*part, text::cat(field, ".", kind), report);
           if (const auto* token = object_in(source, "serviceAccountToken"))
             check_inner_path(string_in(*token, "path"), field + ".serviceAccountToken.path",
                              report);
         });
  if (const auto* host = object_in(volume, "hostPath")) {
    const auto path = string_in(*host, "path");
    if (path.empty()) report.required(at + ".hostPath.path");
    if (climbs(path)) report.invalid(at + ".hostPath.path", path, "must not contain '..'");
  }
}

void check_env(const json::object& container, const std::string& at, Report& report) {
  each(container, "env", at, [&](const json::object& env, const std::string& field) {
    const auto name = string_in(env, "name");
    if (name.empty()) return report.required(field + ".name");
    if (std::ranges::any_of(name, [](char c) { return c == '=' || c < 0x20 || c > 0x7e; }))
      report.invalid(field + ".name", name,
                     "a valid environment variable name must consist only of printable ASCII "
                     "characters other than '='");
    const auto* from = object_in(env, "valueFrom");
    if (!from) return;
    if (from->size() != 1)
      report.add("FieldValueInvalid", field + ".valueFrom",
                 from->empty() ? "Invalid value: \"\": must specify one of: `fieldRef`, "
                                 "`resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
                               : "Invalid value: \"\": may not have more than one field specified "
                                 "at a time");
    if (!string_in(env, "value").empty())
      report.add("FieldValueInvalid", field + ".valueFrom",
                 "Invalid value: \"\": may not be specified when `value` is not empty");
  });
}

void check_port_of(const json::object& handler, const std::string& field, Report& report) {
  if (!handler.contains("port")) return report.required(field + ".port");
  check_port(handler, "port", field + ".port", report);
}

void check_handler(const json::object& handler, const std::string& field, Report& report) {
  int handlers = 0;
  for (const std::string_view kind : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"})
    if (const auto* one = object_in(handler, kind)) {
      if (++handlers > 1)
        report.forbidden(text::cat(field, ".", kind), "may not specify more than 1 handler type");
      if (kind == "httpGet" || kind == "tcpSocket")
        check_port_of(*one, text::cat(field, ".", kind), report);
      if (kind == "exec") {
        const auto* command = list_in(*one, "command");
        if (!command || command->empty()) report.required(field + ".exec.command");
      }
    }
  if (handlers == 0) report.required(field, "must specify a handler type");
}

void check_probes(const json::object& container, const std::string& at, Report& report) {
  for (const std::string_view kind : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    const auto* probe = object_in(container, kind);
    if (!probe) continue;
    const auto field = text::cat(at, ".", kind);
    check_handler(*probe, field, report);
    if (kind != "readinessProbe" && int_in(*probe, "successThreshold").value_or(1) != 1)
      report.invalid(field + ".successThreshold", *int_in(*probe, "successThreshold"), "must be 1");
  }
  if (const auto* lifecycle = object_in(container, "lifecycle"))
    for (const std::string_view kind : {"postStart", "preStop"})
      if (const auto* hook = object_in(*lifecycle, kind))
        check_handler(*hook, text::cat(at, ".lifecycle.", kind), report);
}

void check_resources(const json::object& container, const std::string& at, Report& report) {
  const auto* resources = object_in(container, "resources");
  if (!resources) return;
  const auto* limits = object_in(*resources, "limits");
  const auto* requests = object_in(*resources, "requests");
  for (const auto* amounts : {limits, requests})
    if (amounts)
      for (const auto& [name, value] : *amounts)
        if (const auto amount = Quantity::parse(string_in(*amounts, view(name)));
            amount && *amount < Quantity())
          report.invalid(text::cat(at, ".resources.", amounts == limits ? "limits" : "requests",
                                   "[", view(name), "]"),
                         amount->text(), "must be greater than or equal to 0");
  if (!limits || !requests) return;
  for (const auto& [name, value] : *requests) {
    const auto request = Quantity::parse(string_in(*requests, view(name)));
    const auto limit = Quantity::parse(string_in(*limits, view(name)));
    if (request && limit && limits->contains(name) && *limit < *request)
      report.invalid(
          text::cat(at, ".resources.requests"), request->text(),
          text::cat("must be less than or equal to ", view(name), " limit of ", limit->text()));
  }
}

void check_ports(const json::object& container, const std::string& at, bool host_network,
                 Names& host_ports, Report& report) {
  Names taken_names;
  each(container, "ports", at, [&](const json::object& port, const std::string& field) {
    const auto name = string_in(port, "name");
    if (const auto problems = names::port_name(name); !name.empty() && !problems.empty())
      report.invalid(field + ".name", name, problems.front());
    else if (!name.empty() && !taken_names.emplace(name).second)
      report.duplicate(field + ".name", name);
    const auto host = int_in(port, "hostPort").value_or(0);
    if (host == 0) return;
    if (host_network && host != int_in(port, "containerPort").value_or(0))
      report.invalid(field + ".containerPort", int_in(port, "containerPort").value_or(0),
                     "must match `hostPort` when `hostNetwork` is true");
    const auto taken =
        text::cat(string_in(port, "protocol"), "/", string_in(port, "hostIP"), "/", host);
    if (!host_ports.emplace(taken).second) report.duplicate(field + ".hostPort", taken);
  });
}

void check_mounts(const json::object& container, const std::string& at, const Names& volumes,
                  Report& report) {
  Names paths;
  each(container, "volumeMounts", at, [&](const json::object& mount, const std::string& field) {
    const auto name = string_in(mount, "name");
    if (name.empty())
      report.required(field + ".name");
    else if (!volumes.contains(name))
      report.not_found(field + ".name", name);
    const auto path = string_in(mount, "mountPath");
    if (path.empty()) report.required(field + ".mountPath");
    if (!path.empty() && !paths.emplace(path).second)
      report.invalid(field + ".mountPath", path, "must be unique");
    for (const std::string_view inner : {"subPath", "subPathExpr"})
      check_inner_path(string_in(mount, inner), text::cat(field, ".", inner), report);
    if (!string_in(mount, "subPath").empty() && !string_in(mount, "subPathExpr").empty())
      report.invalid(field + ".subPathExpr", string_in(mount, "subPathExpr"),
                     "subPathExpr and subPath are mutually exclusive");
  });
}

}  // namespace

void validate_pod_spec(const json::object& spec, const std::string& path, FieldErrors& errors) {
  Report report(errors);
  Names volumes, names, host_ports;
  each(spec, "volumes", path, [&](const json::object& volume, const std::string& at) {
    check_volume(volume, at, volumes, report);
  });
  const auto* main = list_in(spec, "containers");
  if (!main || main->empty()) report.required(path + ".containers");
  for (const auto list : kContainerLists)
    each(spec, list, path, [&](const json::object& container, const std::string& at) {
      const auto name = string_in(container, "name");
      if (name.empty())
        report.required(at + ".name");
      else if (!names.emplace(name).second)
        report.duplicate(at + ".name", name);
      if (string_in(container, "image").empty()) report.required(at + ".image");
      check_env(container, at, report);
      check_probes(container, at, report);
      check_resources(container, at, report);
      check_ports(container, at, bool_in(spec, "hostNetwork"), host_ports, report);
      check_mounts(container, at, volumes, report);
      validate_security_context(container, at, report);
    });
  validate_security_context(spec, path, report);
  validate_placement(spec, path, errors);
  if (const auto grace = int_in(spec, "terminationGracePeriodSeconds"); grace && *grace < 0)
    report.invalid(path + ".terminationGracePeriodSeconds", *grace,
                   "must be greater than or equal to 0");
  if (const auto deadline = int_in(spec, "activeDeadlineSeconds"); deadline && *deadline < 1)
    report.invalid(path + ".activeDeadlineSeconds", *deadline,
                   "must be between 1 and 2147483647, inclusive");
}

}  // namespace nodal::master
