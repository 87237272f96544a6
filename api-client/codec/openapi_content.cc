// api-client/codec/openapi_content.cc — what both versions of OpenAPI say, before it is written as
// either.
#include "api-client/codec/openapi_content.h"

#include <algorithm>

#include "api-client/codec/document_type.h"
#include "base/text.h"

namespace nodal::codec::openapi {
namespace {

using schema::Field;
using schema::Kind;
using schema::Resource;
using schema::Type;

constexpr Scalar kTime{"io.k8s.apimachinery.pkg.apis.meta.v1.Time",
                       "A point in time as RFC 3339 text in UTC, to the second.", "string",
                       "date-time", ""};
constexpr Scalar kMicroTime{"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
                            "A point in time as RFC 3339 text in UTC, to the microsecond.",
                            "string", "date-time", ""};
constexpr Scalar kQuantity{"io.k8s.apimachinery.pkg.api.resource.Quantity",
                           "A number with an optional suffix: 500m is a half, 64Mi is 64 times 2 "
                           "to the 20th, 2G is two thousand million.",
                           "string", "", R"("oneOf":[{"type":"string"},{"type":"number"}])"};
constexpr Scalar kIntOrString{
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "A whole number, or a text such as a name or a percentage.", "string", "int-or-string",
    R"("format":"int-or-string","oneOf":[{"type":"integer"},{"type":"string"}])"};
constexpr Scalar kFieldsV1{
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "A set of fields as a tree: f:NAME is a field, k:{…} an element of a list by its keys.",
    "object", "", ""};
constexpr Scalar kRawExtension{"io.k8s.apimachinery.pkg.runtime.RawExtension",
                               "Any object, as it was written.", "object", "", ""};

std::string_view list_type(schema::ListType type) {
  switch (type) {
    case schema::ListType::atomic:
      return "atomic";
    case schema::ListType::set:
      return "set";
    case schema::ListType::map:
      return "map";
  }
  return "atomic";
}

}  // namespace

const Scalar* scalar(Kind kind, std::string_view field) {
  switch (kind) {
    case Kind::time:
      return &kTime;
    case Kind::micro_time:
      return &kMicroTime;
    case Kind::quantity:
      return &kQuantity;
    case Kind::int_or_string:
      return &kIntOrString;
    case Kind::any:
      return field == "fieldsV1" ? &kFieldsV1 : &kRawExtension;
    case Kind::string:
    case Kind::integer:
    case Kind::number:
    case Kind::boolean:
    case Kind::bytes:
    case Kind::object:
    case Kind::array:
    case Kind::map:
      return nullptr;
  }
  return nullptr;
}

std::string_view reference(Kind kind, const Field& field) {
  if (kind == Kind::object && field.type) return field.type->openapi;
  const auto* const found = scalar(kind, field.name);
  return found ? found->name : std::string_view();
}

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::boolean:
      return "boolean";
    case Kind::array:
      return "array";
    case Kind::object:
    case Kind::map:
    case Kind::any:
      return "object";
    case Kind::string:
    case Kind::bytes:
    case Kind::time:
    case Kind::micro_time:
    case Kind::quantity:
    case Kind::int_or_string:
      return "string";
  }
  return "string";
}

std::string_view format_name(Kind kind, const Field& field) {
  if (kind == Kind::bytes) return "byte";
  if (kind == Kind::number) return "double";
  if (kind == Kind::integer) return field.format == schema::Format::int32 ? "int32" : "int64";
  return {};
}

std::vector<std::pair<std::string_view, std::string>> extensions(const Field& field) {
  std::vector<std::pair<std::string_view, std::string>> out;
  const auto text = [&](std::string_view name, std::string_view value) {
    Json json;
    json.string(value);
    out.emplace_back(name, json.take());
  };
  if (field.kind == Kind::array) {
    if (!field.list_map_keys.empty()) {
      Json keys;
      keys.open('[');
      for (const auto key : field.list_map_keys) keys.string(key);
      keys.close(']');
      out.emplace_back("x-kubernetes-list-map-keys", keys.take());
    }
    text("x-kubernetes-list-type", list_type(field.list_type));
  }
  if (field.map_atomic) text("x-kubernetes-map-type", "atomic");
  if (!field.patch_merge_key.empty()) text("x-kubernetes-patch-merge-key", field.patch_merge_key);
  // Structs always merge, so only "retainKeys" is worth saying for them.
  const bool merge =
      field.kind == Kind::array && field.patch_strategy == schema::PatchStrategy::merge;
  if (merge || field.retain_keys)
    text("x-kubernetes-patch-strategy",
         merge ? (field.retain_keys ? "merge,retainKeys" : "merge") : "retainKeys");
  return out;
}

std::string gvk(std::string_view group, std::string_view version, std::string_view kind) {
  Json json;
  json.open('{');
  json.member("group", group);
  json.member("version", version);
  json.member("kind", kind);
  json.close('}');
  return json.take();
}

std::string list_name(const Type& type) { return text::cat(type.openapi, "List"); }

bool lists(const Resource& resource) {
  return std::ranges::find(resource.verbs, "list") != resource.verbs.end();
}

void Content::add(const Type* type) {
  if (!type || !types.emplace(type->openapi, type).second) return;
  for (const auto& field : type->fields) {
    if (field.spliced) continue;  // its members stand beside it
    add(field.type);
    for (const auto kind : {field.kind, field.element})
      if (const auto* const found = scalar(kind, field.name)) scalars.emplace(found->name, found);
  }
}

void Content::add(const Resource& resource) {
  resources.push_back(&resource);
  add(resource.type);
  kinds.emplace(resource.type, gvk(resource.group, resource.version, resource.kind));
  for (const auto& sub : resource.subresources) {
    if (sub.kind.empty()) continue;
    const auto* const type = document_type(sub.group, sub.version, sub.kind);
    add(type);
    if (type) kinds.emplace(type, gvk(sub.group, sub.version, sub.kind));
  }
  for (const auto* const name : {"DeleteOptions", "Status"}) {
    const auto* const type = document_type("", "v1", name);
    add(type);
    if (type) kinds.emplace(type, gvk("", "v1", name));
  }
  add(document_type("", "v1", "ListMeta"));
}
}  // namespace nodal::codec::openapi
