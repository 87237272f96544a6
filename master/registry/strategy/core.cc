// master/registry/strategy/core.cc — Namespace and Node.
#include <algorithm>

#include "master/registry/object_store.h"
#include "master/registry/strategy/labels.h"
#include "master/registry/strategy/report.h"

namespace nodal::master {
namespace {

using namespace fields;

void default_namespace(json::object& object) {
  auto& metadata = object_of(object, "metadata");
  auto& labels = object_of(metadata, "labels");
  labels["kubernetes.io/metadata.name"] = std::string(string_in(metadata, "name"));
}
void prepare_namespace(json::object& object) {
  auto& spec = object_of(object, "spec");
  json::array finalizers;
  if (const auto* given = list_in(spec, "finalizers")) finalizers = *given;
  if (std::ranges::find(finalizers, json::value("kubernetes")) == finalizers.end())
    finalizers.push_back("kubernetes");
  spec["finalizers"] = std::move(finalizers);
  object["status"] = json::object{{"phase", "Active"}};
}
// Finalizers of the spec only change through the finalize subresource.
void prepare_namespace_change(json::object& object, const json::object& old) {
  carry(object, old, "spec");
}

void default_node(json::object& node) {
  auto* status = object_in(node, "status");
  if (status && status->contains("capacity") && !status->contains("allocatable"))
    (*status)["allocatable"] = json::value(status->at("capacity"));
}

// A mark of one name and effect is there once.
void validate_taints(const json::object& node, FieldErrors& errors) {
  const auto* spec = object_in(node, "spec");
  if (!spec) return;
  Report report(errors);
  Names seen;
  each(*spec, "taints", "spec", [&](const json::object& taint, const std::string& at) {
    const auto key = string_in(taint, "key");
    if (!key.empty()) validate_label_key(key, at + ".key", errors);
    if (!seen.emplace(text::cat(key, ":", string_in(taint, "effect"))).second)
      report.add("FieldValueDuplicate", at, text::cat("Duplicate value: ", json::serialize(taint)));
  });
}

// What a node was given stays its own.
void validate_node_change(const json::object& node, const json::object& old, FieldErrors& errors) {
  static const json::object kNone;
  const auto* before = object_in(old, "spec");
  const auto* spec = object_in(node, "spec");
  if (!before) return;
  const auto& now = spec ? *spec : kNone;
  const auto kept = [&](std::string_view key) {
    const auto* was = before->if_contains(key);
    const auto* is = now.if_contains(key);
    const bool given = was && *was != json::value("") && *was != json::array();
    return !given || (is && *is == *was);
  };
  if (!kept("podCIDR") || !kept("podCIDRs"))
    errors.push_back({"FieldValueForbidden", "spec.podCIDRs",
                      "Forbidden: node updates may not change podCIDR except from \"\" to valid"});
  if (!kept("providerID"))
    errors.push_back(
        {"FieldValueForbidden", "spec.providerID",
         "Forbidden: node updates may not change providerID except from \"\" to valid"});
}

// @source CVE-2020-8562: the master connects to these addresses
void validate_node_status(const json::object& node, FieldErrors& errors) {
  const auto* status = object_in(node, "status");
  const auto* addresses = status ? list_in(*status, "addresses") : nullptr;
  if (!addresses) return;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const auto* address = (*addresses)[i].if_object();
    if (!address) continue;
    const auto type = string_in(*address, "type");
    if (type == "InternalIP" || type == "ExternalIP")
      validate_endpoint_ip(string_in(*address, "address"),
                           text::cat("status.addresses[", i, "].address"), errors);
  }
}

void validate_node(const json::object& node, FieldErrors& errors) {
  validate_node_status(node, errors);
  validate_taints(node, errors);
}

}  // namespace

const Strategy kNamespaceStrategy{default_namespace, prepare_namespace, prepare_namespace_change,
                                  nullptr,           nullptr,           nullptr};
const Strategy kNodeStrategy{
    default_node, nullptr, nullptr, validate_node, validate_node_change, validate_node_status};

}  // namespace nodal::master
