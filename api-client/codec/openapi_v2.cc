// api-client/codec/openapi_v2.cc — descriptors and operations, written as OpenAPI v2: gnostic's
// openapi.v2 in protobuf, whose field numbers stand here as they are.
#include "api-client/codec/openapi.h"
#include "api-client/codec/openapi_content.h"
#include "api-client/codec/openapi_paths.h"
#include "api-client/codec/wire.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

using namespace openapi;
using schema::Field;
using schema::Kind;
using schema::Resource;
using schema::Type;
using wire::Writer;

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
    // The lists in a map are of strings.
    v2_value(element, kind == field.kind ? field.element : Kind::string, field);
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

}  // namespace nodal::codec
