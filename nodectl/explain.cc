// nodectl/explain.cc — see explain.h.
#include "nodectl/explain.h"

#include <set>

#include "base/text.h"

namespace nodal::nodectl {
namespace {

using schema::Field;
using schema::Kind;
using schema::Type;

constexpr std::size_t kWidth = 76;
constexpr std::size_t kMostEnumValues = 4;  // in a list of fields

std::string type_text(Kind kind, const Type* type) {
  switch (kind) {
    case Kind::string:
    case Kind::bytes:
    case Kind::time:
    case Kind::micro_time:
      return "string";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::boolean:
      return "boolean";
    case Kind::quantity:
      return "Quantity";
    case Kind::int_or_string:
      return "IntOrString";
    case Kind::object:
      return type != nullptr ? std::string(type->name) : "Object";
    case Kind::any:
      return "Object";
    case Kind::array:
    case Kind::map:
      break;
  }
  return "Object";
}

std::string type_text(const Field& field) {
  if (field.name == "fieldsV1") return "FieldsV1";
  if (field.kind == Kind::array) return text::cat("[]", type_text(field.element, field.type));
  if (field.kind == Kind::map)
    return text::cat("map[string]", type_text(field.element, field.type));
  return type_text(field.kind, field.type);
}

std::string wrapped(std::string_view text, std::string_view indent) {
  std::string out, line;
  std::size_t width = 0;  // characters, not bytes
  for (const auto word : text::split(text, ' ')) {
    const auto length = static_cast<std::size_t>(
        std::ranges::count_if(word, [](char c) { return (c & 0xc0) != 0x80; }));
    if (!line.empty() && width + 1 + length > kWidth) {
      out += text::cat(indent, line, "\n");
      line.clear();
      width = 0;
    }
    width += length + (line.empty() ? 0 : 1);
    line += text::cat(line.empty() ? "" : " ", word);
  }
  if (!line.empty()) out += text::cat(indent, line, "\n");
  return out;
}

std::string enum_line(const Field& field, std::string_view indent) {
  if (field.enum_values.empty() || field.kind == Kind::array) return "";
  std::string out = text::cat(indent, "enum: ");
  for (std::size_t i = 0; i < field.enum_values.size(); ++i) {
    if (i == kMostEnumValues) {
      out += ", ....";
      break;
    }
    out += text::cat(i == 0 ? "" : ", ", field.enum_values[i]);
  }
  return out + "\n";
}

void fields(const Type& type, bool recursive, std::size_t depth, std::set<const Type*>& above,
            std::string& out) {
  const std::string indent(depth * 2, ' ');
  for (const auto& field : type.fields) {
    if (field.spliced) continue;  // its members stand beside it
    out += text::cat(indent, field.name, "\t<", type_text(field), ">",
                     field.required ? " -required-" : "", "\n", enum_line(field, indent));
    if (!recursive) {
      out += wrapped(field.description, indent + "  ");
      out += '\n';
    } else if (field.type != nullptr && above.insert(field.type).second) {
      fields(*field.type, true, depth + 1, above, out);
      above.erase(field.type);
    }
  }
}

}  // namespace

Result<std::string> explain_text(const schema::Resource& kind, std::string_view path,
                                 bool recursive) {
  std::string out;
  if (!kind.group.empty()) out += text::cat("GROUP:      ", kind.group, "\n");
  out += text::cat("KIND:       ", kind.kind, "\nVERSION:    ", kind.version, "\n\n");
  const Type* type = kind.type;
  const Field* field = nullptr;
  for (const auto name : text::split(path, '.')) {
    field = type != nullptr ? type->find(name) : nullptr;
    if (field == nullptr)
      return fail(Errc::not_found, text::cat("field \"", name, "\" does not exist"));
    type = field->type;
  }
  if (field != nullptr) {
    out += text::cat("FIELD: ", field->name, " <", type_text(*field), ">\n");
    if (!field->enum_values.empty()) out += "ENUM:\n";
    for (const auto value : field->enum_values) out += text::cat("    ", value, "\n");
    out += field->enum_values.empty() ? "\n\n" : "\n";
  }
  out += "DESCRIPTION:\n";
  if (field != nullptr) out += wrapped(field->description, "    ");
  if (type != nullptr) out += wrapped(type->description, "    ");
  out += "    \n";
  if (type != nullptr && !type->fields.empty()) {
    out += "FIELDS:\n";
    std::set<const Type*> above{type};
    fields(*type, recursive, 1, above, out);
  }
  return out + "\n";
}

}  // namespace nodal::nodectl
