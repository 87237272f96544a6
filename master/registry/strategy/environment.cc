// master/registry/strategy/environment.cc — variables of a container: names, and where their values
// come from.
#include "api-client/codec/names.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

// All sorted.
constexpr std::string_view kVariables[] = {"metadata.name",
                                           "metadata.namespace",
                                           "metadata.uid",
                                           "spec.nodeName",
                                           "spec.serviceAccountName",
                                           "status.hostIP",
                                           "status.hostIPs",
                                           "status.podIP",
                                           "status.podIPs"};
constexpr std::string_view kFiles[] = {"metadata.annotations", "metadata.labels", "metadata.name",
                                       "metadata.namespace", "metadata.uid"};
constexpr std::string_view kResources[] = {
    "limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory"};
// What a pod can be asked for at all; the rest of the fields above.
constexpr std::string_view kOthers[] = {"spec.restartPolicy", "spec.schedulerName", "status.phase"};

bool among(std::span<const std::string_view> list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

void check_variable_name(std::string_view name, const std::string& field, Report& report) {
  if (std::ranges::any_of(name, [](char c) { return c == '=' || c < 0x20 || c > 0x7e; }))
    report.invalid(field, name,
                   "a valid environment variable name must consist only of printable ASCII "
                   "characters other than '='");
}

// One key of a ConfigMap or a Secret.
void check_key(const json::object& reference, const std::string& at, Report& report) {
  const auto name = string_in(reference, "name");
  if (const auto why = names::dns_subdomain(name); !why.empty())
    report.invalid(at + ".name", name, why);
  const auto key = string_in(reference, "key");
  if (key.empty()) return report.required(at + ".key");
  if (const auto why = names::config_key(key); !why.empty()) report.invalid(at + ".key", key, why);
}

void check_source(const json::object& env, const std::string& field, Report& report) {
  const auto* from = object_in(env, "valueFrom");
  if (!from) return;
  const auto at = field + ".valueFrom";
  if (from->size() != 1)
    report.invalid(at, "",
                   from->empty() ? "must specify one of: `fieldRef`, `resourceFieldRef`, "
                                   "`configMapKeyRef` or `secretKeyRef`"
                                 : "may not have more than one field specified at a time");
  if (!string_in(env, "value").empty())
    report.invalid(at, "", "may not be specified when `value` is not empty");
  if (const auto* reference = object_in(*from, "fieldRef"))
    validate_field_ref(*reference, at + ".fieldRef", false, report);
  if (const auto* reference = object_in(*from, "resourceFieldRef"))
    validate_resource_ref(*reference, at + ".resourceFieldRef", false, report);
  for (const std::string_view kind : {"configMapKeyRef", "secretKeyRef"})
    if (const auto* reference = object_in(*from, kind))
      check_key(*reference, text::cat(at, ".", kind), report);
}

}  // namespace

void validate_environment(const json::object& container, const std::string& at, Report& report) {
  each(container, "env", at, [&](const json::object& env, const std::string& field) {
    const auto name = string_in(env, "name");
    if (name.empty())
      report.required(field + ".name");
    else
      check_variable_name(name, field + ".name", report);
    check_source(env, field, report);
  });
  each(container, "envFrom", at, [&](const json::object& from, const std::string& field) {
    check_variable_name(string_in(from, "prefix"), field + ".prefix", report);
    int sources = 0;
    for (const std::string_view kind : {"configMapRef", "secretRef"}) {
      const auto* reference = object_in(from, kind);
      if (!reference) continue;
      ++sources;
      const auto name = string_in(*reference, "name");
      const auto one = text::cat(field, ".", kind, ".name");
      if (name.empty())
        report.required(one);
      else if (const auto why = names::dns_subdomain(name); !why.empty())
        report.invalid(one, name, why);
    }
    if (sources == 0)
      report.invalid(field, "", "must specify one of: `configMapRef` or `secretRef`");
    if (sources > 1)
      report.invalid(field, "", "may not have more than one field specified at a time");
  });
}

void validate_field_ref(const json::object& reference, const std::string& at, bool in_file,
                        Report& report) {
  const auto path = string_in(reference, "fieldPath");
  const auto field = at + ".fieldPath";
  if (path.empty()) return report.required(field);
  if (const auto version = string_in(reference, "apiVersion"); !version.empty() && version != "v1")
    return report.invalid(
        field, path, text::cat("error converting fieldPath: unsupported pod version: ", version));
  // metadata.labels['key']
  if (const auto open = path.find("['"); open != std::string_view::npos && path.ends_with("']")) {
    const auto map = path.substr(0, open);
    const auto key = path.substr(open + 2, path.size() - open - 4);
    if (map != "metadata.labels" && map != "metadata.annotations")
      return report.invalid(
          field, path, text::cat("error converting fieldPath: field label not supported: ", path));
    const auto why =
        names::qualified_name(map == "metadata.labels" ? std::string(key) : text::lower(key));
    if (!why.empty()) report.invalid(at, key, why);
    return;
  }
  if (path == "spec.host") return;  // spec.nodeName, as it was once called
  if (!among(kVariables, path) && !among(kFiles, path) && !among(kOthers, path))
    return report.invalid(
        field, path, text::cat("error converting fieldPath: field label not supported: ", path));
  const std::span<const std::string_view> supported =
      in_file ? std::span<const std::string_view>(kFiles) : kVariables;
  if (!among(supported, path)) report.unsupported(field, path, supported);
}

void validate_resource_ref(const json::object& reference, const std::string& at, bool in_file,
                           Report& report) {
  if (in_file && string_in(reference, "containerName").empty())
    return report.required(at + ".containerName");
  const auto resource = string_in(reference, "resource");
  if (resource.empty()) return report.required(at + ".resource");
  if (!among(kResources, resource) && !resource.starts_with("limits.hugepages-") &&
      !resource.starts_with("requests.hugepages-"))
    report.unsupported(at + ".resource", resource, kResources);
}

}  // namespace nodal::master
