// api-client/apigen/emit_codec.cc — the codec's tables: where each member stands, and what it is.
#include "api-client/apigen/emit.h"
#include "base/assert.h"
#include "base/text.h"

namespace nodal::apigen {
namespace {

using schema::Kind;

std::string_view shape(Kind kind, const Property& property) {
  switch (kind) {
    case Kind::string:
      return "string";
    case Kind::integer:
      return property.format == schema::Format::int32 ? "int32" : "int64";
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
      return "message";
    case Kind::array:
      return "strings";
    case Kind::any:
      return "any";
    case Kind::map:
      break;
  }
  NODAL_ASSERT(kind != Kind::map);
  return {};
}

std::string entry(const Type& type, const Property& property) {
  const bool holds_many = property.kind == Kind::array || property.kind == Kind::map;
  const Kind value = holds_many ? property.element : property.kind;
  const bool has_absence = value == Kind::time || value == Kind::micro_time || value == Kind::any;
  const bool message = value == Kind::object;
  std::string_view holder = "value";
  std::string_view ops;
  if (property.kind == Kind::array) {
    holder = "list";
    ops = "&kListOf";
  } else if (property.kind == Kind::map) {
    holder = "map";
    ops = "&kMapOf";
  } else if (property.nullable && message) {
    holder = "box";
    ops = "&kBoxOf";
  } else if (property.nullable && !has_absence) {
    holder = "optional";
  }
  std::string out = text::cat("    {.name = ", literal(property.name));
  if (message) {
    const std::string held = text::cat(property.type.file, "::", property.type.name);
    out += text::cat(", .message = &", held, "::kCodec");
    if (!ops.empty()) out += text::cat(", .many = ", ops, "<", held, ">");
  }
  out += text::cat(", .offset = offsetof(", type.name, ", ", member_name(property.name),
                   "), .name_size = ", property.name.size(),
                   ", .shape = Shape::", shape(value, property), ", .holder = Holder::", holder);
  if (property.required) out += ", .required = true";
  return out + "},\n";
}

}  // namespace

std::string emit_codec(const Model& model, const File& file) {
  std::string out = text::cat("// gen/", file.stem, ".cc — made by apigen from ", file.stem,
                              ".yaml: where each member of a struct stands.\n"
                              "#include \"gen/",
                              file.stem,
                              ".h\"\n\n#include <cstddef>\n\n"
                              "#include \"api-client/codec/message.h\"\n\n"
                              "// The structs hold maps, so they have no standard layout; GCC and "
                              "Clang support offsetof for them.\n"
                              "#pragma GCC diagnostic ignored \"-Winvalid-offsetof\"\n\n"
                              "namespace nodal::",
                              file.stem, " {\n\nusing namespace codec;\n");
  for (const Type& type : file.types) {
    std::string entries;
    std::size_t count = 0;
    for (const Property& property : type.properties) {
      if (property.spliced || property.no_member) continue;
      entries += entry(type, property);
      ++count;
    }
    out += text::cat("\nstatic_assert(sizeof(", type.name, ") <= 65535);\n");
    if (count > 0)
      out += text::cat("static constexpr Entry k", type.name, "[] = {\n", entries, "};\n");
    out += text::cat("constinit const Message ", type.name,
                     "::kCodec{.entries = ", count > 0 ? "k" + type.name : "nullptr",
                     ", .count = ", count);
    if (type.document)
      out += text::cat(", .kind = ", literal(type.name),
                       ", .api_version = ", literal(file.api_version()));
    out += "};\n";
  }
  out += text::cat("\n}  // namespace nodal::", file.stem, "\n\nnamespace nodal {\n\n");
  for (const TypeName& boxed : model.boxed())
    if (boxed.file == file.stem)
      out += text::cat("template class Box<", boxed.file, "::", boxed.name, ">;\n");
  return out + "\n}  // namespace nodal\n";
}

}  // namespace nodal::apigen
