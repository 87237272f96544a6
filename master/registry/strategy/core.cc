// master/registry/strategy/core.cc — the small kinds: Namespace, Secret, ConfigMap, Node.
#include "api-client/codec/names.h"
#include "master/registry/object_store.h"
#include "master/registry/strategy/fields.h"

namespace nodal::master {
namespace {

using namespace fields;

constexpr std::size_t kDataLimit = 1u << 20;  // all values of a ConfigMap or Secret

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

void default_secret(json::object& secret) {
  const auto* plain = object_in(secret, "stringData");
  if (!plain) return;
  const json::object given = *plain;
  auto& data = object_of(secret, "data");
  for (const auto& [key, value] : given)
    if (value.is_string()) data[key] = text::base64(view(value.get_string()));
  secret.erase("stringData");
}

void validate_keys(const json::object& object, std::initializer_list<std::string_view> members,
                   FieldErrors& errors) {
  std::size_t size = 0;
  for (const auto member : members) {
    const auto* data = object_in(object, member);
    if (!data) continue;
    for (const auto& [key, value] : *data) {
      if (const auto why = names::config_key(view(key)); !why.empty())
        errors.push_back({"FieldValueInvalid", text::cat(member, "[", view(key), "]"),
                          text::cat("Invalid value: ", quoted(view(key)), ": ", why)});
      if (value.is_string()) size += view(value.get_string()).size();
    }
  }
  if (size > kDataLimit * 4 / 3)
    errors.push_back({"FieldValueTooLong", std::string(*members.begin()),
                      text::cat("Too long: may not be more than ", kDataLimit, " bytes")});
}

void validate_frozen(const json::object& object, const json::object& old,
                     std::initializer_list<std::string_view> members, FieldErrors& errors) {
  if (!bool_in(old, "immutable")) return;
  if (!bool_in(object, "immutable"))
    errors.push_back({"FieldValueForbidden", "immutable",
                      "Forbidden: field is immutable when `immutable` is set"});
  for (const auto member : members) {
    const auto* now = object.if_contains(member);
    const auto* before = old.if_contains(member);
    if ((now && before) ? *now != *before : now != before)
      errors.push_back({"FieldValueForbidden", std::string(member),
                        "Forbidden: field is immutable when `immutable` is set"});
  }
}

void validate_secret(const json::object& secret, FieldErrors& errors) {
  validate_keys(secret, {"data"}, errors);
}
void validate_secret_change(const json::object& secret, const json::object& old,
                            FieldErrors& errors) {
  validate_frozen(secret, old, {"data"}, errors);
}
void validate_config_map(const json::object& map, FieldErrors& errors) {
  validate_keys(map, {"data", "binaryData"}, errors);
}
void validate_config_map_change(const json::object& map, const json::object& old,
                                FieldErrors& errors) {
  validate_frozen(map, old, {"data", "binaryData"}, errors);
}

void default_node(json::object& node) {
  auto* status = object_in(node, "status");
  if (status && status->contains("capacity") && !status->contains("allocatable"))
    (*status)["allocatable"] = json::value(status->at("capacity"));
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

}  // namespace

const Strategy kNamespaceStrategy{default_namespace, prepare_namespace, prepare_namespace_change,
                                  nullptr,           nullptr,           nullptr};
const Strategy kSecretStrategy{default_secret,         nullptr, nullptr, validate_secret,
                               validate_secret_change, nullptr};
const Strategy kConfigMapStrategy{
    nullptr, nullptr, nullptr, validate_config_map, validate_config_map_change, nullptr};
const Strategy kNodeStrategy{default_node,         nullptr, nullptr,
                             validate_node_status, nullptr, validate_node_status};

}  // namespace nodal::master
