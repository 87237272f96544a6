// master/registry/strategy/volumes.cc — volumes of a pod and where containers mount them.
#include "api-client/codec/quantity.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::int64_t kMostMode = 0777;

void check_mode(const json::object& object, std::string_view key, const std::string& at,
                Report& report) {
  if (const auto mode = int_in(object, key); mode && (*mode < 0 || *mode > kMostMode))
    report.invalid(text::cat(at, ".", key), *mode,
                   "must be a number between 0 and 0777 (octal), both inclusive");
}

void check_path(const json::object& item, const std::string& field, Report& report) {
  const auto path = string_in(item, "path");
  if (path.empty()) return report.required(field + ".path");
  check_inner_path(path, field + ".path", report);
  if (path.starts_with("..")) report.invalid(field + ".path", path, "must not start with '..'");
}

void check_items(const json::object& source, const std::string& at, Report& report) {
  each(source, "items", at, [&](const json::object& item, const std::string& field) {
    check_path(item, field, report);
    check_mode(item, "mode", field, report);
  });
}

void check_downward(const json::object& source, const std::string& at, Report& report) {
  each(source, "items", at, [&](const json::object& item, const std::string& field) {
    check_path(item, field, report);
    check_mode(item, "mode", field, report);
    const auto* of_pod = object_in(item, "fieldRef");
    const auto* of_container = object_in(item, "resourceFieldRef");
    if (of_pod) validate_field_ref(*of_pod, field + ".fieldRef", true, report);
    if (of_pod && of_container)
      report.invalid(field, "resource",
                     "fieldRef and resourceFieldRef can not be specified simultaneously");
    else if (of_container)
      validate_resource_ref(*of_container, field + ".resourceFieldRef", true, report);
    else if (!of_pod)
      report.required(field, "one of fieldRef and resourceFieldRef is required");
  });
}

// The files of a ConfigMap or a Secret.
void check_keys(const json::object& source, std::string_view name, const std::string& at,
                Report& report) {
  if (string_in(source, name).empty()) report.required(text::cat(at, ".", name));
  check_items(source, at, report);
}

void check_projected(const json::object& projected, const std::string& at, Report& report) {
  each(projected, "sources", at, [&](const json::object& source, const std::string& field) {
    if (source.size() > 1) report.forbidden(field, "may not specify more than 1 volume type");
    for (const std::string_view kind : {"configMap", "secret"})
      if (const auto* part = object_in(source, kind))
        check_keys(*part, "name", text::cat(field, ".", kind), report);
    if (const auto* part = object_in(source, "downwardAPI"))
      check_downward(*part, field + ".downwardAPI", report);
    if (const auto* token = object_in(source, "serviceAccountToken"))
      check_path(*token, field + ".serviceAccountToken", report);
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
  for (const std::string_view kind : {"configMap", "secret", "downwardAPI", "projected"})
    if (const auto* source = object_in(volume, kind))
      check_mode(*source, "defaultMode", text::cat(at, ".", kind), report);
  if (const auto* source = object_in(volume, "configMap"))
    check_keys(*source, "name", at + ".configMap", report);
  if (const auto* source = object_in(volume, "secret"))
    check_keys(*source, "secretName", at + ".secret", report);
  if (const auto* source = object_in(volume, "downwardAPI"))
    check_downward(*source, at + ".downwardAPI", report);
  if (const auto* projected = object_in(volume, "projected"))
    check_projected(*projected, at + ".projected", report);
  if (const auto* empty = object_in(volume, "emptyDir"))
    if (const auto limit = Quantity::parse(string_in(*empty, "sizeLimit"));
        limit && *limit < Quantity())
      report.forbidden(at + ".emptyDir.sizeLimit",
                       "SizeLimit field must be a valid resource quantity");
  if (const auto* host = object_in(volume, "hostPath")) {
    const auto path = string_in(*host, "path");
    if (path.empty()) report.required(at + ".hostPath.path");
    if (climbs(path)) report.invalid(at + ".hostPath.path", path, "must not contain '..'");
  }
}

}  // namespace

Names validate_volumes(const json::object& spec, const std::string& path, Report& report) {
  Names names;
  each(spec, "volumes", path, [&](const json::object& volume, const std::string& at) {
    check_volume(volume, at, names, report);
  });
  return names;
}

void validate_mounts(const json::object& container, const std::string& at, const Names& volumes,
                     Report& report) {
  const auto* context = object_in(container, "securityContext");
  const bool privileged = context && bool_in(*context, "privileged");
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
    if (string_in(mount, "mountPropagation") == "Bidirectional" && !privileged)
      report.forbidden(
          field + ".mountPropagation",
          "Bidirectional mount propagation is available only to privileged containers");
  });
  Names devices;
  each(container, "volumeDevices", at, [&](const json::object& device, const std::string& field) {
    const auto path = string_in(device, "devicePath");
    if (!devices.emplace(path).second)
      report.invalid(field + ".devicePath", path, "must be unique");
    else if (paths.contains(path))
      report.invalid(field + ".devicePath", path,
                     "must not already exist as a path in volumeMounts");
  });
}

}  // namespace nodal::master
