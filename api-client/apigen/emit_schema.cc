// api-client/apigen/emit_schema.cc — descriptors as constant data.
#include <algorithm>
#include <map>

#include "api-client/apigen/emit.h"
#include "base/assert.h"
#include "base/text.h"

namespace nodal::apigen {
namespace {

using schema::Format;
using schema::Kind;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::string:
      return "string";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::boolean:
      return "boolean";
    case Kind::bytes:
      return "bytes";
    case Kind::time:
      return "time";
    case Kind::micro_time:
      return "micro_time";
    case Kind::quantity:
      return "quantity";
    case Kind::int_or_string:
      return "int_or_string";
    case Kind::object:
      return "object";
    case Kind::array:
      return "array";
    case Kind::map:
      return "map";
    case Kind::any:
      return "any";
  }
  return {};
}

std::string_view name_of(Format format) {
  switch (format) {
    case Format::none:
      return "none";
    case Format::int32:
      return "int32";
    case Format::int64:
      return "int64";
    case Format::dns_label:
      return "dns_label";
    case Format::dns_subdomain:
      return "dns_subdomain";
    case Format::dns_1035_label:
      return "dns_1035_label";
    case Format::label_value:
      return "label_value";
    case Format::ip:
      return "ip";
    case Format::cidr:
      return "cidr";
  }
  return {};
}

std::string symbol(const TypeName& name) { return text::cat(name.file, "_", name.name); }

/// Lists of strings, each text once: kS0, kS1, …
class Lists {
 public:
  std::string name(const std::vector<std::string>& strings) {
    if (strings.empty()) return "{}";
    const auto [it, fresh] = names_.emplace(strings, text::cat("kS", names_.size()));
    if (fresh) {
      text_ += text::cat("constexpr std::string_view ", it->second, "[] = {");
      for (const auto& string : strings)
        text_ += text::cat(&string == strings.data() ? "" : ", ", literal(string));
      text_ += "};\n";
    }
    return it->second;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::map<std::vector<std::string>, std::string> names_;
  std::string text_;
};

std::string field(const Property& property, Lists& lists) {
  std::string out = text::cat("    {.name = ", literal(property.name));
  const auto add = [&](bool when, const auto&... parts) {
    if (when) out += text::cat(", .", parts...);
  };
  const auto limit = [&](std::string_view name, const std::optional<std::int64_t>& value) {
    if (value) out += text::cat(", .", name, " = ", *value);
  };
  add(!property.description.empty(), "description = ", literal(property.description));
  add(true, "kind = Kind::", name_of(property.kind));
  add(property.kind == Kind::array || property.kind == Kind::map,
      "element = Kind::", name_of(property.element));
  add(!property.type.name.empty(), "type = &", symbol(property.type));
  add(property.format != Format::none, "format = Format::", name_of(property.format));
  add(property.protobuf != 0, "protobuf = ", property.protobuf);
  add(property.required, "required = true");
  add(property.nullable, "pointer = true");
  add(property.spliced, "spliced = true");
  add(property.immutable, "immutable = true");
  add(!property.default_json.empty(), "default_json = ", literal(property.default_json));
  add(!property.enum_values.empty(), "enum_values = ", lists.name(property.enum_values));
  limit("minimum", property.minimum);
  limit("maximum", property.maximum);
  limit("max_length", property.max_length);
  limit("min_items", property.min_items);
  add(property.list_type == schema::ListType::set, "list_type = ListType::set");
  add(property.list_type == schema::ListType::map, "list_type = ListType::map");
  add(property.map_atomic, "map_atomic = true");
  add(!property.list_map_keys.empty(), "list_map_keys = ", lists.name(property.list_map_keys));
  add(property.merge, "patch_strategy = PatchStrategy::merge");
  add(property.retain_keys, "retain_keys = true");
  add(!property.patch_merge_key.empty(), "patch_merge_key = ", literal(property.patch_merge_key));
  return out + "},\n";
}

}  // namespace

std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string emit_schema(const File& file) {
  Lists lists;
  std::string body;
  for (const Type& type : file.types) {
    std::vector<Property> sorted = type.properties;
    std::ranges::sort(sorted, {}, &Property::name);
    std::string fields;
    for (const Property& property : sorted) fields += field(property, lists);
    if (!sorted.empty())
      body += text::cat("constexpr Field kFieldsOf", type.name, "[] = {\n", fields, "};\n");
  }
  std::string out = text::cat("// gen/", file.stem, "_schema.cc — made by apigen from ", file.stem,
                              ".yaml: descriptors.\n#include \"gen/schema_tables.h\"\n\n"
                              "namespace nodal::schema::gen {\nnamespace {\n\n",
                              lists.text(), body, "\n}  // namespace\n\n");
  for (const Type& type : file.types) {
    out += text::cat("constinit const Type ", symbol({file.stem, type.name}),
                     "{.name = ", literal(type.name),
                     ", .openapi = ", literal(file.openapi + "." + type.name));
    if (!type.description.empty()) out += text::cat(", .description = ", literal(type.description));
    out += text::cat(", .fields = ",
                     type.properties.empty() ? "{}" : text::cat("kFieldsOf", type.name));
    if (type.atomic) out += ", .atomic = true";
    out += "};\n";
  }
  return out + "\n}  // namespace nodal::schema::gen\n";
}

std::string emit_schema_header(const Model& model) {
  std::string out =
      "// gen/schema_tables.h — made by apigen: every descriptor.\n#pragma once\n\n"
      "#include \"api-client/codec/schema.h\"\n\nnamespace nodal::schema::gen {\n\n"
      "/// In the order of discovery.\nstd::span<const Resource> resources();\n"
      "/// Sorted by OpenAPI name.\nstd::span<const Type* const> types();\n\n";
  for (const File& file : model.files)
    for (const Type& type : file.types)
      out += text::cat("extern const Type ", symbol({file.stem, type.name}), ";\n");
  return out + "\n}  // namespace nodal::schema::gen\n";
}

std::string emit_schema_tables(const Model& model) {
  Lists lists;
  std::string subresources;
  std::string resources;
  for (const File& file : model.files)
    for (const auto& kind : file.kinds) {
      const std::string id = symbol({file.stem, kind.name});
      resources += text::cat(
          "    {.group = ", literal(file.group), ", .version = ", literal(file.version),
          ", .kind = ", literal(kind.name), ", .plural = ", literal(kind.plural),
          ", .singular = ", literal(kind.singular),
          ", .short_names = ", lists.name(kind.short_names),
          ", .categories = ", lists.name(kind.categories), ", .verbs = ", lists.name(kind.verbs));
      if (!kind.subresources.empty()) {
        subresources += text::cat("constexpr Subresource kSubresourcesOf_", id, "[] = {\n");
        for (const Subresource& sub : kind.subresources)
          subresources +=
              text::cat("    {.name = ", literal(sub.name), ", .group = ", literal(sub.group),
                        ", .version = ", literal(sub.version), ", .kind = ", literal(sub.kind),
                        ", .verbs = ", lists.name(sub.verbs), "},\n");
        subresources += "};\n";
        resources += text::cat(", .subresources = kSubresourcesOf_", id);
      }
      if (!kind.columns.empty()) {
        subresources += text::cat("constexpr Column kColumnsOf_", id, "[] = {\n");
        for (const Column& column : kind.columns)
          subresources +=
              text::cat("    {.name = ", literal(column.name), ", .type = ", literal(column.type),
                        ", .description = ", literal(column.description),
                        ", .json_path = ", literal(column.json_path),
                        ", .priority = ", column.priority, "},\n");
        subresources += "};\n";
        resources += text::cat(", .columns = kColumnsOf_", id);
      }
      resources += text::cat(", .namespaced = ", kind.namespaced ? "true" : "false",
                             ", .has_status = ", kind.has_status ? "true" : "false", ", .type = &",
                             id, "},\n");
    }

  std::map<std::string, std::string> types;  // by OpenAPI name
  for (const File& file : model.files)
    for (const Type& type : file.types)
      types.emplace(file.openapi + "." + type.name, symbol({file.stem, type.name}));
  std::string sorted;
  for (const auto& [openapi, id] : types) sorted += text::cat("    &", id, ",\n");

  return text::cat(
      "// gen/schema_tables.cc — made by apigen: all descriptors by name, all "
      "resources.\n#include \"gen/schema_tables.h\"\n\n"
      "namespace nodal::schema::gen {\nnamespace {\n\n",
      lists.text(), subresources, "constexpr Resource kResources[] = {\n", resources,
      "};\n\nconstexpr const Type* kTypes[] = {\n", sorted,
      "};\n\n}  // namespace\n\n"
      "std::span<const Resource> resources() { return kResources; }\n"
      "std::span<const Type* const> types() { return kTypes; }\n\n"
      "}  // namespace nodal::schema::gen\n");
}

}  // namespace nodal::apigen
