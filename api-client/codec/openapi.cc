// api-client/codec/openapi.cc — descriptors and operations, written as OpenAPI v3 (JSON) and v2
// (protobuf).
#include "api-client/codec/openapi.h"

#include <algorithm>
#include <map>

#include "api-client/codec/codec.h"
#include "api-client/codec/document_type.h"
#include "api-client/codec/openapi_paths.h"
#include "api-client/codec/wire.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

using schema::Field;
using schema::Kind;
using schema::Resource;
using schema::Type;
using wire::Writer;

/// JSON text, member by member. Puts the commas.
class Json {
 public:
  Json& key(std::string_view name) {
    separate();
    append_string(out_, name);
    out_ += ':';
    return *this;
  }
  void open(char bracket) {
    separate();
    out_ += bracket;
  }
  void close(char bracket) { out_ += bracket; }
  void string(std::string_view text) {
    separate();
    append_string(out_, text);
  }
  void raw(std::string_view json) {
    separate();
    out_ += json;
  }
  void member(std::string_view name, std::string_view text) { key(name).string(text); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (!out_.empty() && !std::string_view("{[:").contains(out_.back())) out_ += ',';
  }

  std::string out_;
};

/// A scalar of the API that has a schema of its own.
struct Scalar {
  std::string_view name;
  std::string_view description;
  std::string_view type;  ///< in v2; v3 tells more where `v3` is set
  std::string_view format;
  std::string_view v3;
};

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

/// The name of the schema a value refers to; "" when it has none of its own.
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

/// The x-kubernetes-… members of a property: name and JSON.
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

/// {"group":…,"version":…,"kind":…}
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

/// Everything that one document describes.
struct Content {
  std::vector<const Resource*> resources;
  std::map<std::string_view, const Type*> types;
  std::map<std::string_view, const Scalar*> scalars;
  std::map<const Type*, std::string> kinds;  ///< the GVK of types that are kinds

  void add(const Type* type) {
    if (!type || !types.emplace(type->openapi, type).second) return;
    for (const auto& field : type->fields) {
      if (field.spliced) continue;  // its members stand beside it
      add(field.type);
      for (const auto kind : {field.kind, field.element})
        if (const auto* const found = scalar(kind, field.name)) scalars.emplace(found->name, found);
    }
  }

  void add(const Resource& resource) {
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
};

bool lists(const Resource& resource) {
  return std::ranges::find(resource.verbs, "list") != resource.verbs.end();
}

constexpr std::string_view kApiVersionText =
    "The API group and version of the kind, such as v1 or apps/v1.";
constexpr std::string_view kKindText =
    "What this object is; with apiVersion it names the schema of all other fields.";
constexpr std::string_view kListMetaText = "Version of the list and where its next page begins.";
constexpr std::string_view kListMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
constexpr std::string_view kNameText = "Name of the object.";
constexpr std::string_view kNamespaceText = "Namespace of the object.";

// ---- v3 ----

void v3_reference(Json& out, std::string_view name) {
  out.member("$ref", text::cat("#/components/schemas/", name));
}

/// The members that say what a value is: of a property, an item or the value of a map.
void v3_value(Json& out, Kind kind, const Field& field) {
  if (const auto name = reference(kind, field); !name.empty()) {
    out.key("allOf").open('[');
    out.open('{');
    v3_reference(out, name);
    out.close('}');
    out.close(']');
    return;
  }
  out.member("type", type_name(kind));
  if (const auto format = format_name(kind, field); !format.empty()) out.member("format", format);
  if (kind == Kind::array || kind == Kind::map) {
    out.key(kind == Kind::array ? "items" : "additionalProperties").open('{');
    v3_value(out, field.element, field);
    out.close('}');
    return;
  }
  if (!field.enum_values.empty()) {
    out.key("enum").open('[');
    for (const auto value : field.enum_values) out.string(value);
    out.close(']');
  }
  const auto limit = [&](std::string_view name, const std::optional<std::int64_t>& value) {
    if (value) out.key(name).raw(std::to_string(*value));
  };
  limit("minimum", field.minimum);
  limit("maximum", field.maximum);
  limit("maxLength", field.max_length);
}

void v3_property(Json& out, const Field& field) {
  out.key(field.name).open('{');
  out.member("description", field.description);
  v3_value(out, field.kind, field);
  if (field.min_items) out.key("minItems").raw(std::to_string(*field.min_items));
  if (!field.default_json.empty()) out.key("default").raw(field.default_json);
  for (const auto& [name, json] : extensions(field)) out.key(name).raw(json);
  out.close('}');
}

void v3_kind(Json& out, std::string_view json) {
  out.key("x-kubernetes-group-version-kind").raw(text::cat('[', json, ']'));
}

void v3_type(Json& out, const Type& type, const Content& content) {
  out.key(type.openapi).open('{');
  out.member("description", type.description);
  out.member("type", "object");
  if (std::ranges::any_of(type.fields, &Field::required)) {
    out.key("required").open('[');
    for (const auto& field : type.fields)
      if (field.required) out.string(field.name);
    out.close(']');
  }
  out.key("properties").open('{');
  for (const auto& field : type.fields)
    if (!field.spliced) v3_property(out, field);
  out.close('}');
  if (type.atomic) out.member("x-kubernetes-map-type", "atomic");
  if (const auto found = content.kinds.find(&type); found != content.kinds.end())
    v3_kind(out, found->second);
  out.close('}');
}

void v3_list(Json& out, const Resource& resource) {
  const auto text_property = [&](std::string_view name, std::string_view description) {
    out.key(name).open('{');
    out.member("description", description);
    out.member("type", "string");
    out.close('}');
  };
  out.key(list_name(*resource.type)).open('{');
  out.member("description", text::cat("A list of objects of kind ", resource.kind, '.'));
  out.member("type", "object");
  out.key("required").raw(R"(["items"])");
  out.key("properties").open('{');
  text_property("apiVersion", kApiVersionText);
  out.key("items").open('{');
  out.member("description", "The objects of this page.");
  out.member("type", "array");
  out.key("items").open('{');
  v3_reference(out, resource.type->openapi);
  out.close('}');
  out.close('}');
  text_property("kind", kKindText);
  out.key("metadata").open('{');
  out.member("description", kListMetaText);
  out.key("allOf").open('[');
  out.open('{');
  v3_reference(out, kListMeta);
  out.close('}');
  out.close(']');
  out.close('}');
  out.close('}');
  v3_kind(out, gvk(resource.group, resource.version, text::cat(resource.kind, "List")));
  out.close('}');
}

void v3_scalar(Json& out, const Scalar& scalar) {
  out.key(scalar.name).open('{');
  out.member("description", scalar.description);
  if (!scalar.v3.empty()) {
    out.raw(scalar.v3);
  } else {
    out.member("type", scalar.type);
    if (!scalar.format.empty()) out.member("format", scalar.format);
  }
  out.close('}');
}

void v3_parameter(Json& out, std::string_view name, std::string_view in, std::string_view type,
                  std::string_view description) {
  out.open('{');
  out.member("name", name);
  out.member("in", in);
  out.member("description", description);
  if (in == "path") out.key("required").raw("true");
  out.key("schema").open('{');
  out.member("type", type);
  out.close('}');
  out.close('}');
}

/// "content":{…} with one schema per media type; an empty name is any object.
void v3_content(Json& out, std::span<const std::string_view> media, std::string_view name) {
  out.key("content").open('{');
  for (const auto type : media) {
    out.key(type).open('{');
    out.key("schema").open('{');
    if (type == "text/plain") {
      out.member("type", "string");
    } else if (name.empty()) {
      out.member("type", "object");
    } else {
      v3_reference(out, name);
    }
    out.close('}');
    out.close('}');
  }
  out.close('}');
}

void v3_operation(Json& out, const Operation& operation) {
  constexpr std::string_view kJson[] = {"application/json"};
  constexpr std::string_view kText[] = {"text/plain"};
  out.key(operation.method).open('{');
  out.member("description", operation.description);
  out.member("operationId", operation.id);
  out.key("parameters").open('[');
  for (const auto& parameter : operation.parameters)
    v3_parameter(out, parameter.name, "query", parameter.type, parameter.description);
  out.close(']');
  if (operation.method == "patch" || operation.body) {
    out.key("requestBody").open('{');
    v3_content(out, operation.method == "patch" ? patch_types() : kJson,
               operation.body ? operation.body->openapi : std::string_view());
    out.close('}');
  }
  out.key("responses").open('{');
  out.key(operation.method == "post" ? "201" : "200").open('{');
  out.member("description", operation.method == "post" ? "Created" : "OK");
  const auto answer = !operation.answer        ? std::string()
                      : operation.answers_list ? list_name(*operation.answer)
                                               : std::string(operation.answer->openapi);
  v3_content(out, operation.answer ? kJson : kText, answer);
  out.close('}');
  out.close('}');
  out.member("x-kubernetes-action", operation.action);
  out.key("x-kubernetes-group-version-kind")
      .raw(gvk(operation.group, operation.version, operation.kind));
  out.close('}');
}

void v3_path(Json& out, const Path& path) {
  out.key(path.path).open('{');
  for (const auto& operation : path.operations) v3_operation(out, operation);
  out.key("parameters").open('[');
  if (path.has_name) v3_parameter(out, "name", "path", "string", kNameText);
  if (path.has_namespace) v3_parameter(out, "namespace", "path", "string", kNamespaceText);
  out.close(']');
  out.close('}');
}

// ---- v2: the field numbers are those of gnostic's openapi.v2 ----

Writer v2_any(std::string_view json) {
  Writer any;
  any.bytes(2, json);
  return any;
}

void v2_extension(Writer& out, std::uint32_t field, std::string_view name, std::string_view json) {
  Writer named;
  named.bytes(1, name);
  named.message(2, v2_any(json));
  out.message(field, named);
}

std::string quoted(std::string_view text) {
  Json json;
  json.string(text);
  return json.take();
}

void v2_type(Writer& out, std::string_view type) {
  Writer item;
  item.bytes(1, type);
  out.message(22, item);
}

void v2_reference(Writer& out, std::string_view name) {
  out.bytes(1, text::cat("#/definitions/", name));
}

void v2_value(Writer& out, Kind kind, const Field& field) {
  if (const auto name = reference(kind, field); !name.empty()) {
    v2_reference(out, name);
    return;
  }
  v2_type(out, type_name(kind));
  if (const auto format = format_name(kind, field); !format.empty()) out.bytes(2, format);
  if (kind == Kind::array || kind == Kind::map) {
    Writer element;
    v2_value(element, field.element, field);
    Writer holder;
    holder.message(1, element);
    out.message(kind == Kind::array ? 23 : 21, holder);
    return;
  }
  for (const auto value : field.enum_values) out.message(20, v2_any(quoted(value)));
}

void v2_property(Writer& properties, const Field& field) {
  Writer schema;
  schema.bytes(4, field.description);
  v2_value(schema, field.kind, field);
  if (!field.default_json.empty()) schema.message(5, v2_any(field.default_json));
  for (const auto& [name, json] : extensions(field)) v2_extension(schema, 31, name, json);
  Writer named;
  named.bytes(1, field.name);
  named.message(2, schema);
  properties.message(1, named);
}

void v2_definition(Writer& definitions, std::string_view name, const Writer& schema) {
  Writer named;
  named.bytes(1, name);
  named.message(2, schema);
  definitions.message(1, named);
}

void v2_kind(Writer& schema, std::string_view json) {
  v2_extension(schema, 31, "x-kubernetes-group-version-kind", text::cat('[', json, ']'));
}

void v2_type(Writer& definitions, const Type& type, const Content& content) {
  Writer schema;
  schema.bytes(4, type.description);
  v2_type(schema, "object");
  Writer properties;
  for (const auto& field : type.fields) {
    if (field.spliced) continue;
    if (field.required) schema.bytes(19, field.name);
    v2_property(properties, field);
  }
  schema.message(25, properties);
  if (type.atomic) v2_extension(schema, 31, "x-kubernetes-map-type", R"("atomic")");
  if (const auto found = content.kinds.find(&type); found != content.kinds.end())
    v2_kind(schema, found->second);
  v2_definition(definitions, type.openapi, schema);
}

void v2_list(Writer& definitions, const Resource& resource) {
  const Field items{.name = "items",
                    .description = "The objects of this page.",
                    .kind = Kind::array,
                    .element = Kind::object,
                    .type = resource.type};
  const Field metadata{.name = "metadata",
                       .description = kListMetaText,
                       .kind = Kind::object,
                       .type = schema::find_type(kListMeta)};
  const Field api_version{.name = "apiVersion", .description = kApiVersionText};
  const Field kind{.name = "kind", .description = kKindText};
  Writer schema;
  schema.bytes(4, text::cat("A list of objects of kind ", resource.kind, '.'));
  v2_type(schema, "object");
  schema.bytes(19, "items");
  Writer properties;
  for (const auto* const field : {&api_version, &items, &kind, &metadata})
    v2_property(properties, *field);
  schema.message(25, properties);
  v2_kind(schema, gvk(resource.group, resource.version, text::cat(resource.kind, "List")));
  v2_definition(definitions, list_name(*resource.type), schema);
}

void v2_scalar(Writer& definitions, const Scalar& scalar) {
  Writer schema;
  schema.bytes(4, scalar.description);
  v2_type(schema, scalar.type);
  if (!scalar.format.empty()) schema.bytes(2, scalar.format);
  v2_definition(definitions, scalar.name, schema);
}

/// A parameter in the query (3) or the path (4).
Writer v2_parameter(std::uint32_t where, std::string_view name, std::string_view type,
                    std::string_view description) {
  const bool query = where == 3;
  Writer schema;
  if (!query) schema.boolean(1, true);
  schema.bytes(2, query ? "query" : "path");
  schema.bytes(3, description);
  schema.bytes(4, name);
  schema.bytes(query ? 6 : 5, type);
  Writer non_body;
  non_body.message(where, schema);
  Writer parameter;
  parameter.message(2, non_body);
  Writer item;
  item.message(1, parameter);
  return item;
}

Writer v2_body(const Type* type) {
  Writer schema;
  if (type) {
    v2_reference(schema, type->openapi);
  } else {
    v2_type(schema, "object");
  }
  Writer body;
  body.bytes(2, "body");
  body.bytes(3, "body");
  body.boolean(4, true);
  body.message(5, schema);
  Writer parameter;
  parameter.message(1, body);
  Writer item;
  item.message(1, parameter);
  return item;
}

void v2_operation(Writer& path, const Operation& operation) {
  const bool patch = operation.method == "patch";
  Writer out;
  out.bytes(3, operation.description);
  out.bytes(5, operation.id);
  out.bytes(6, operation.answer ? "application/json" : "text/plain");
  if (patch) {
    for (const auto type : patch_types()) out.bytes(7, type);
  } else if (operation.body) {
    out.bytes(7, "application/json");
  }
  if (patch || operation.body) out.message(8, v2_body(operation.body));
  for (const auto& parameter : operation.parameters)
    out.message(8, v2_parameter(3, parameter.name, parameter.type, parameter.description));
  v2_extension(out, 13, "x-kubernetes-action", quoted(operation.action));
  v2_extension(out, 13, "x-kubernetes-group-version-kind",
               gvk(operation.group, operation.version, operation.kind));
  constexpr std::pair<std::string_view, std::uint32_t> kNumbers[] = {
      {"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  for (const auto& [method, number] : kNumbers)
    if (method == operation.method) path.message(number, out);
}

void v2_path(Writer& paths, const Path& path) {
  Writer item;
  for (const auto& operation : path.operations) v2_operation(item, operation);
  if (path.has_name) item.message(9, v2_parameter(4, "name", "string", kNameText));
  if (path.has_namespace) item.message(9, v2_parameter(4, "namespace", "string", kNamespaceText));
  Writer named;
  named.bytes(1, path.path);
  named.message(2, item);
  paths.message(2, named);
}

}  // namespace

std::string openapi_v3(std::string_view group, std::string_view version) {
  Content content;
  for (const auto& resource : schema::resources())
    if (resource.group == group && resource.version == version) content.add(resource);
  if (content.resources.empty()) return {};

  Json out;
  out.open('{');
  out.member("openapi", "3.0.0");
  out.key("info").open('{');
  out.member("title", "Nodal");
  out.member("version", NODAL_VERSION);
  out.close('}');
  out.key("paths").open('{');
  for (const auto* const resource : content.resources)
    for (const auto& path : openapi_paths(*resource)) v3_path(out, path);
  out.close('}');
  out.key("components").open('{');
  out.key("schemas").open('{');
  for (const auto& [name, type] : content.types) v3_type(out, *type, content);
  for (const auto* const resource : content.resources)
    if (lists(*resource)) v3_list(out, *resource);
  for (const auto& [name, scalar] : content.scalars) v3_scalar(out, *scalar);
  out.close('}');
  out.close('}');
  out.close('}');
  return out.take();
}

std::string openapi_v3_index() {
  Json out;
  out.open('{');
  out.key("paths").open('{');
  std::vector<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& resource : schema::resources()) {
    const std::pair group_version{resource.group, resource.version};
    if (std::ranges::find(seen, group_version) != seen.end()) continue;
    seen.push_back(group_version);
    const auto name = resource.group.empty()
                          ? text::cat("api/", resource.version)
                          : text::cat("apis/", resource.group, '/', resource.version);
    const auto hash = openapi_hash(openapi_v3(resource.group, resource.version));
    out.key(name).open('{');
    out.member("serverRelativeURL", text::cat("/openapi/v3/", name, "?hash=", hash));
    out.close('}');
  }
  out.close('}');
  out.close('}');
  return out.take();
}

std::string openapi_v2() {
  Content content;
  for (const auto& resource : schema::resources()) content.add(resource);

  Writer document;
  document.bytes(1, "2.0");
  {
    Writer info;
    info.bytes(1, "Nodal");
    info.bytes(2, NODAL_VERSION);
    document.message(2, info);
  }
  {
    Writer paths;
    for (const auto* const resource : content.resources)
      for (const auto& path : openapi_paths(*resource)) v2_path(paths, path);
    document.message(8, paths);
  }
  Writer definitions;
  for (const auto& [name, type] : content.types) v2_type(definitions, *type, content);
  for (const auto* const resource : content.resources)
    if (lists(*resource)) v2_list(definitions, *resource);
  for (const auto& [name, scalar] : content.scalars) v2_scalar(definitions, *scalar);
  document.message(9, definitions);
  return document.take();
}

std::string openapi_hash(std::string_view document) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
  for (const char c : document) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100'0000'01b3;
  std::string bytes(8, '\0');
  for (std::size_t i = 8; i-- > 0; hash >>= 8) bytes[i] = static_cast<char>(hash & 0xff);
  return text::hex(bytes);
}

}  // namespace nodal::codec
