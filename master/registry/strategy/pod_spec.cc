// master/registry/strategy/pod_spec.cc — what a pod and a pod template must be beyond their schema.
#include <algorithm>
#include <set>

#include "api-client/codec/names.h"
#include "api-client/codec/quantity.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::string_view kContainerLists[] = {"initContainers", "containers",
                                                "ephemeralContainers"};

void check_resource_name(std::string_view name, const std::string& field, Report& report) {
  if (const auto why = names::qualified_name(name); !why.empty())
    return report.invalid(field, name, why);
  if (name.find('/') == std::string_view::npos && name != "cpu" && name != "memory" &&
      name != "ephemeral-storage" && !name.starts_with("hugepages-"))
    report.invalid(field, name, "must be a standard resource type or fully qualified");
}

void check_resources(const json::object& container, const std::string& at, Report& report) {
  const auto* resources = object_in(container, "resources");
  if (!resources) return;
  Names claims;
  each(*resources, "claims", at + ".resources", [&](const json::object& claim, const auto& field) {
    const auto name = string_in(claim, "name");
    if (!claims.insert(text::cat(name, "/", string_in(claim, "request"))).second)
      report.duplicate(field, name);
  });
  const auto* limits = object_in(*resources, "limits");
  const auto* requests = object_in(*resources, "requests");
  for (const auto* amounts : {limits, requests})
    if (amounts)
      for (const auto& [name, value] : *amounts) {
        const auto field = text::cat(at, ".resources.", amounts == limits ? "limits" : "requests",
                                     "[", view(name), "]");
        check_resource_name(view(name), field, report);
        if (const auto amount = Quantity::parse(string_in(*amounts, view(name)));
            amount && *amount < Quantity())
          report.invalid(field, amount->text(), "must be greater than or equal to 0");
      }
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
    if (host < 1 || host > 65535)
      report.invalid(field + ".hostPort", host, "must be between 1 and 65535, inclusive");
    if (host_network && host != int_in(port, "containerPort").value_or(0))
      report.invalid(field + ".containerPort", int_in(port, "containerPort").value_or(0),
                     "must match `hostPort` when `hostNetwork` is true");
    const auto taken =
        text::cat(string_in(port, "protocol"), "/", string_in(port, "hostIP"), "/", host);
    if (!host_ports.emplace(taken).second) report.duplicate(field + ".hostPort", taken);
  });
}

}  // namespace

void validate_pod_spec(const json::object& spec, const std::string& path, FieldErrors& errors) {
  Report report(errors);
  const Names volumes = validate_volumes(spec, path, report);
  Names names, host_ports;
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
      validate_environment(container, at, report);
      validate_mounts(container, at, volumes, report);
      validate_security_context(container, at, report);
      if (list == "ephemeralContainers") return validate_ephemeral(container, spec, at, report);
      if (list == "initContainers" && string_in(container, "restartPolicy") != "Always")
        refuse_probes(container, at, report);
      else
        validate_probes(container, at, report);
      check_resources(container, at, report);
      check_ports(container, at, bool_in(spec, "hostNetwork"), host_ports, report);
    });
  Names claims;
  each(spec, "resourceClaims", path, [&](const json::object& claim, const std::string& at) {
    if (const auto name = string_in(claim, "name"); !claims.emplace(name).second)
      report.duplicate(at + ".name", name);
  });
  validate_security_context(spec, path, report);
  validate_placement(spec, path, errors);
  validate_names(spec, path, report);
  if (const auto grace = int_in(spec, "terminationGracePeriodSeconds"); grace && *grace < 0)
    report.invalid(path + ".terminationGracePeriodSeconds", *grace,
                   "must be greater than or equal to 0");
  if (const auto deadline = int_in(spec, "activeDeadlineSeconds"); deadline && *deadline < 1)
    report.invalid(path + ".activeDeadlineSeconds", *deadline,
                   "must be between 1 and 2147483647, inclusive");
}

}  // namespace nodal::master
