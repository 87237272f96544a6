// api-client/codec/openapi_v3.cc — descriptors and operations, written as OpenAPI v3: JSON.
#include <algorithm>

#include "api-client/codec/openapi.h"
#include "api-client/codec/openapi_content.h"
#include "api-client/codec/openapi_paths.h"
#include "base/text.h"

namespace nodal::codec {
namespace {

using namespace openapi;
using schema::Field;
using schema::Kind;
using schema::Resource;
using schema::Type;

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
    // The lists in a map are of strings.
    v3_value(out, kind == field.kind ? field.element : Kind::string, field);
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

std::string openapi_hash(std::string_view document) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
  for (const char c : document) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100'0000'01b3;
  std::string bytes(8, '\0');
  for (std::size_t i = 8; i-- > 0; hash >>= 8) bytes[i] = static_cast<char>(hash & 0xff);
  return text::hex(bytes);
}

}  // namespace nodal::codec
