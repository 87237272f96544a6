// api-client/apigen/emit_types.cc — headers: one aggregate per type.
#include <set>

#include "api-client/apigen/emit.h"
#include "base/assert.h"
#include "base/text.h"

namespace nodal::apigen {
namespace {

using schema::Kind;

std::string qualified(const File& file, const TypeName& name) {
  return name.file == file.stem ? name.name : text::cat(name.file, "::", name.name);
}

/// The C++ type of a single value: of a property, a list's element or a map's value.
std::string value_type(const File& file, Kind kind, const Property& property) {
  switch (kind) {
    case Kind::string:
    case Kind::bytes:
    case Kind::any:
      return "std::string";
    case Kind::integer:
      return property.format == schema::Format::int32 ? "std::int32_t" : "std::int64_t";
    case Kind::number:
      return "double";
    case Kind::boolean:
      return "bool";
    case Kind::time:
    case Kind::micro_time:
      return "std::optional<TimePoint>";
    case Kind::quantity:
      return "Quantity";
    case Kind::int_or_string:
      return "IntOrString";
    case Kind::object:
      return qualified(file, property.type);
    case Kind::array:
      return "std::vector<std::string>";
    case Kind::map:
      break;
  }
  NODAL_ASSERT(kind != Kind::map);
  return {};
}

std::string member_type(const File& file, const Property& property) {
  if (property.kind == Kind::array)
    return text::cat("std::vector<", value_type(file, property.element, property), ">");
  if (property.kind == Kind::map)
    return text::cat("std::map<std::string, ", value_type(file, property.element, property), ">");
  const std::string value = value_type(file, property.kind, property);
  const bool has_absence = property.kind == Kind::time || property.kind == Kind::micro_time ||
                           property.kind == Kind::any;
  if (!property.nullable || has_absence) return value;
  return text::cat(property.kind == Kind::object ? "Box<" : "std::optional<", value, ">");
}

std::string_view initializer(const Property& property) {
  if (property.nullable) return "{}";
  switch (property.kind) {
    case Kind::integer:
    case Kind::number:
      return " = 0";
    case Kind::boolean:
      return " = false";
    case Kind::string:
    case Kind::bytes:
    case Kind::time:
    case Kind::micro_time:
    case Kind::quantity:
    case Kind::int_or_string:
    case Kind::object:
    case Kind::array:
    case Kind::map:
    case Kind::any:
      break;
  }
  return "{}";
}

}  // namespace

std::string emit_types(const Model& model, const File& file) {
  std::set<std::string> others;
  for (const Type& type : file.types)
    for (const Property& property : type.properties)
      if (!property.type.file.empty() && property.type.file != file.stem && !property.spliced)
        others.insert(property.type.file);

  std::string out = text::cat("// gen/", file.stem, ".h — made by apigen from ", file.stem,
                              ".yaml; changes belong there.\n"
                              "#pragma once\n\n"
                              "#include <cstdint>\n#include <map>\n#include <optional>\n"
                              "#include <string>\n#include <vector>\n\n"
                              "#include \"api-client/codec/box.h\"\n"
                              "#include \"api-client/codec/int_or_string.h\"\n"
                              "#include \"api-client/codec/quantity.h\"\n"
                              "#include \"api-client/codec/resource_name.h\"\n"
                              "#include \"base/clock.h\"\n");
  for (const std::string& other : others) out += text::cat("#include \"gen/", other, ".h\"\n");
  out += text::cat("\nnamespace nodal::codec {\nstruct Message;\n}\n\nnamespace nodal::", file.stem,
                   " {\n");
  for (const Type& type : file.types) {
    out += text::cat("\nstruct ", type.name, " {\n");
    for (const auto& candidate : file.kinds) {
      if (candidate.name != type.name) continue;
      out +=
          text::cat("  static constexpr ResourceName kResource{", literal(file.group), ", ",
                    literal(file.version), ", ", literal(candidate.plural), ", ",
                    literal(candidate.name), ", ", candidate.namespaced ? "true" : "false", "};\n");
    }
    out += "  static const codec::Message kCodec;\n\n";
    for (const Property& property : type.properties)
      if (!property.spliced && !property.no_member)
        out += text::cat("  ", member_type(file, property), " ", member_name(property.name),
                         initializer(property), ";\n");
    out += text::cat("\n  bool operator==(const ", type.name, "&) const = default;\n};\n");
  }
  out += text::cat("\n}  // namespace nodal::", file.stem, "\n\nnamespace nodal {\n\n");
  for (const TypeName& boxed : model.boxed())
    if (boxed.file == file.stem)
      out += text::cat("extern template class Box<", boxed.file, "::", boxed.name, ">;\n");
  return out + "\n}  // namespace nodal\n";
}

std::string emit_all_header(const Model& model) {
  std::string out = "// gen/all.h — made by apigen: every generated type.\n#pragma once\n\n";
  for (const File& file : model.files) out += text::cat("#include \"gen/", file.stem, ".h\"\n");
  return out;
}

std::string emit_kinds(const Model& model) {
  std::string out = "// gen/kinds.inc — made by apigen: define NODAL_KIND(Type), then include.\n";
  for (const File& file : model.files)
    for (const auto& kind : file.kinds)
      out += text::cat("NODAL_KIND(nodal::", file.stem, "::", kind.name, ")\n");
  return out;
}

}  // namespace nodal::apigen
