// master/registry/strategy/ephemeral.cc — containers that are added to a running Pod.
#include <algorithm>
#include <array>

#include "master/registry/same.h"
#include "master/registry/strategy/difference.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kNotAllowed = "cannot be set for an Ephemeral Container";

// Whatever the node counts on before a container starts, or acts on while it runs.
constexpr std::array<std::string_view, 8> kNotTheirs = {
    "ports",     "livenessProbe", "readinessProbe", "startupProbe",
    "lifecycle", "resources",     "resizePolicy",   "restartPolicy"};

// As a document says that it says nothing.
bool is_blank(const json::value& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* list = value.if_array()) return list->empty();
  if (const auto* object = value.if_object())
    return std::ranges::all_of(*object,
                               [](const auto& member) { return is_blank(member.value()); });
  return false;
}

bool has_name(const json::object& spec, std::string_view list, std::string_view name) {
  const auto* containers = list_in(spec, list);
  return containers && std::ranges::any_of(*containers, [&](const json::value& container) {
           return container.is_object() && string_in(container.get_object(), "name") == name;
         });
}

const json::object* named(const json::object& spec, std::string_view name) {
  if (const auto* containers = list_in(spec, "ephemeralContainers"))
    for (const auto& item : *containers)
      if (const auto* container = item.if_object();
          container && string_in(*container, "name") == name)
        return container;
  return nullptr;
}

}  // namespace

void validate_ephemeral(const json::object& container, const json::object& spec,
                        const std::string& at, Report& report) {
  // One of the pod's own containers, not one that was added.
  if (const auto target = string_in(container, "targetContainerName");
      !target.empty() && !has_name(spec, "containers", target) &&
      !has_name(spec, "initContainers", target))
    report.not_found(at + ".targetContainerName", target);
  for (const auto field : kNotTheirs)
    if (const auto* value = container.if_contains(field); value && !is_blank(*value))
      report.forbidden(text::cat(at, ".", field), kNotAllowed);
  each(container, "volumeMounts", at, [&](const json::object& mount, const std::string& field) {
    for (const std::string_view path : {"subPath", "subPathExpr"})
      if (!string_in(mount, path).empty())
        report.forbidden(text::cat(field, ".", path), kNotAllowed);
  });
}

void validate_added_containers(const json::object& pod, const json::object& old,
                               FieldErrors& errors) {
  Report report(errors);
  const auto* metadata = object_in(old, "metadata");
  const auto* annotations = metadata ? object_in(*metadata, "annotations") : nullptr;
  if (annotations && annotations->contains(kMirror))
    return report.forbidden("", "static pods do not support ephemeral containers");
  const auto* now = object_in(pod, "spec");
  const auto* before = object_in(old, "spec");
  const auto* kept = before ? list_in(*before, "ephemeralContainers") : nullptr;
  if (!kept) return;
  for (const auto& item : *kept) {
    const auto* was = item.if_object();
    if (!was) continue;
    const auto name = string_in(*was, "name");
    const auto* is = now ? named(*now, name) : nullptr;
    if (!is)
      errors.push_back({"FieldValueForbidden", "spec.ephemeralContainers",
                        text::cat("Forbidden: existing ephemeral containers ", quoted(name),
                                  " may not be removed\n")});
    else if (!same(*is, *was))
      errors.push_back(
          {"FieldValueForbidden", "spec.ephemeralContainers",
           text::cat("Forbidden: existing ephemeral containers ", quoted(name),
                     " may not be changed\n", difference("core.EphemeralContainer", *was, *is))});
  }
}

}  // namespace nodal::master
